-- 2. The steps of a segment's sequence.
CREATE TABLE {prefix}customer_segment_email_sequence (
    sequence_id integer PRIMARY KEY AUTOINCREMENT,
    segment_id integer NOT NULL
        REFERENCES {prefix}customer_segment (segment_id) ON DELETE CASCADE,
    template_id integer NOT NULL
        REFERENCES {prefix}newsletter_template (template_id),
    step_number integer NOT NULL,
    delay_minutes integer NOT NULL DEFAULT 0,
    is_active smallint DEFAULT 1,
    max_sends integer DEFAULT 1,
    generate_coupon smallint DEFAULT 0,
    coupon_sales_rule_id integer DEFAULT NULL
        REFERENCES {prefix}salesrule (rule_id) ON DELETE SET NULL,
    coupon_prefix varchar(50) DEFAULT NULL,
    coupon_expires_days integer DEFAULT 30,
    created_at datetime DEFAULT CURRENT_TIMESTAMP,
    updated_at datetime DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT unique_segment_step UNIQUE (segment_id, step_number)
);
