"""What the template tests share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from segmail.templates import Kind, Site, compile_template
from tests.unit.templates.recorded import RecordedSite, recorded_variables


@pytest.fixture
def render() -> Callable[..., str]:
    """Render a template with the recorded variables; more of them as keywords."""

    def rendered(
        source: str, *, kind: Kind = Kind.HTML, site: Site | None = None, **more: object
    ) -> str:
        template = compile_template(source, kind=kind)
        return template.render({**recorded_variables(), **more}, site or RecordedSite())

    return rendered
