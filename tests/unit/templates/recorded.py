"""The shop of the recorded cases: its objects, as segmail shows them to templates, and its site."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from segmail.errors import TemplateError
from segmail.templates import DataObject

GOLDEN: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "golden" / "templates.json").read_text(encoding="utf-8")
)
BASE = "http://shop.example.test/"


class RecordedSite:
    """The recorded store view, and what its database holds of templates, blocks and variables."""

    settings: Mapping[str, str] = {
        "general/store_information/name": "Bench & Co. Shop",
        "trans_email/ident_support/email": "support@example.test",
        "web/unsecure/base_url": BASE,
    }
    custom_variables: Mapping[str, str] = {"promo": "<b>Promo & more</b>"}

    def __init__(
        self,
        templates: Mapping[str, str] | None = None,
        blocks: Mapping[str, str] | None = None,
        emails: Mapping[str, str] | None = None,
        sheets: Mapping[str, str] | None = None,
    ) -> None:
        self.emails = emails or {}
        self.sheets = sheets or {}
        self.templates = templates or {
            "bench-inc": "[inc {{var customer_firstname}} {{var extra}}]"
        }
        self.blocks = blocks or {
            "bench_block": '<p>Block for {{var customer_firstname}} at {{store url="x"}}</p>'
        }

    def store_url(self, route: str, params: Mapping[str, str]) -> str:
        values = [value for name, value in params.items() if not name.startswith("_")]
        parts = [*route.strip("/").split("/"), *values]
        return _decorated(BASE + "".join(f"{part}/" for part in parts if part), params)

    def direct_url(self, path: str, params: Mapping[str, str]) -> str:
        return _decorated(BASE + path, params)

    def media_url(self, path: str) -> str:
        return f"{BASE}media/{path}"

    def skin_url(self, path: str, params: Mapping[str, str]) -> str:
        return f"{BASE}skin/frontend/base/default/{path}"

    def config(self, path: str) -> str | None:
        return self.settings.get(path)

    def custom_variable(self, code: str, *, plain: bool = False) -> str | None:
        if plain:
            return f"plain {code}"
        return self.custom_variables.get(code)

    def newsletter_template(self, code: str) -> str | None:
        return self.templates.get(code)

    def email_template(self, config_path: str) -> str | None:
        return self.emails.get(config_path)

    def style_sheet(self, file: str) -> str | None:
        if ".." in file:
            raise TemplateError("'..' is not allowed in a path.")
        return self.sheets.get(file)

    def allows_block(self, type_: str) -> bool:
        return type_ in ("core/template", "catalog/product_new")

    def block(self, identifier: str) -> str | None:
        return self.blocks.get(identifier)


def recorded_variables(*, subject: str = "") -> dict[str, object]:
    """Return the variables of the recording, its Maho objects as DataObjects."""
    variables = {name: _value(value) for name, value in GOLDEN["variables"].items()}
    this = DataObject({"template_code": "golden", "template_subject": subject}, name="this")
    return {**variables, "this": this}


def _decorated(url: str, params: Mapping[str, str]) -> str:
    query = "&".join(f"{k[7:]}={v}" for k, v in params.items() if k.startswith("_query_"))
    fragment = params.get("_fragment", "")
    return url + (f"?{query}" if query else "") + (f"#{fragment}" if fragment else "")


def _value(value: Any) -> object:
    match value:
        case {"$customer": _, "data": data}:
            return DataObject(data, {"getName": lambda: _full_name(data)}, "customer")
        case {"$store": _}:
            return _store()
        case {"$subscriber_of_customer": _, "data": data}:
            return _subscriber(data)
        case {"$object": data}:
            return DataObject({key: _value(part) for key, part in data.items()}, name="obj")
    return value


def _full_name(data: Mapping[str, str]) -> str:
    return f"{data['firstname']} {data['lastname']}"


def _store() -> DataObject:
    settings = {**RecordedSite.settings, "general/store_information/phone": "+39 06 1234567"}
    methods: dict[str, Callable[..., object]] = {
        "getFrontendName": lambda: "Bench & Co. Shop",
        "getConfig": settings.get,
        "getWebsite": lambda: DataObject({"name": "Main Website"}, name="website"),
        "getGroup": lambda: DataObject({"name": "Main Website Store"}, name="group"),
    }
    data = {"name": "Default Store View", "code": "default", "id": 1}
    return DataObject(data, methods, "store")


def _subscriber(data: Mapping[str, object]) -> DataObject:
    query = f"?code={data['subscriber_confirm_code']}&id={data['subscriber_id']}"
    methods = {
        "getUnsubscriptionLink": lambda: f"{BASE}newsletter/subscriber/unsubscribe/{query}",
        "getConfirmationLink": lambda: f"{BASE}newsletter/subscriber/confirm/{query}",
    }
    return DataObject(data, methods, "subscriber")
