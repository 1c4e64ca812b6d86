"""The configuration that Maho ships in its modules' config.xml.

It has only what segmail reads, or a template may: `{{config path=…}}`, `{{template
config_path=…}}`.
"""

from __future__ import annotations

DEFAULTS = {
    "customer_segmentation/email_automation/enabled": "1",
    "customer_segmentation/email_automation/cleanup_days": "90",
    "customer_segmentation/email_automation/coupon_cleanup_days": "30",
    "catalog/price/scope": "0",
    "currency/options/allow": "USD,EUR",
    "currency/options/base": "USD",
    "currency/options/default": "USD",
    "design/package/name": "base",
    "design/email/css_non_inline": "email-non-inline.css",
    "design/email/header": "design_email_header",
    "design/email/footer": "design_email_footer",
    "general/country/default": "US",
    "general/locale/code": "en_US",
    "general/locale/timezone": "America/Los_Angeles",
    "newsletter/subscription/confirm": "0",
    "newsletter/subscription/confirm_email_template": (
        "newsletter_subscription_confirm_email_template"
    ),
    "newsletter/subscription/success_email_template": (
        "newsletter_subscription_success_email_template"
    ),
    "newsletter/subscription/un_email_template": "newsletter_subscription_un_email_template",
    "system/smtp/enabled": "sendmail",
    "trans_email/ident_general/name": "Owner",
    "trans_email/ident_general/email": "owner@example.com",
    "trans_email/ident_sales/name": "Sales",
    "trans_email/ident_sales/email": "sales@example.com",
    "trans_email/ident_support/name": "CustomerSupport",
    "trans_email/ident_support/email": "support@example.com",
    "trans_email/ident_custom1/name": "Custom 1",
    "trans_email/ident_custom1/email": "custom1@example.com",
    "trans_email/ident_custom2/name": "Custom 2",
    "trans_email/ident_custom2/email": "custom2@example.com",
    "web/url/use_store": "0",
    "web/url/trailing_slash_behavior": "add",
    "web/unsecure/base_url": "{{base_url}}",
    "web/unsecure/base_web_url": "{{unsecure_base_url}}",
    "web/unsecure/base_link_url": "{{unsecure_base_url}}",
    "web/unsecure/base_js_url": "{{unsecure_base_url}}js/",
    "web/unsecure/base_skin_url": "{{unsecure_base_url}}skin/",
    "web/unsecure/base_media_url": "{{unsecure_base_url}}media/",
    "web/secure/base_url": "{{base_url}}",
    "web/secure/base_web_url": "{{secure_base_url}}",
    "web/secure/base_link_url": "{{secure_base_url}}",
    "web/secure/base_js_url": "{{secure_base_url}}js/",
    "web/secure/base_skin_url": "{{secure_base_url}}skin/",
    "web/secure/base_media_url": "{{secure_base_url}}media/",
    "web/secure/use_in_frontend": "0",
}
