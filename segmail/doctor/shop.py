"""The shop's own settings: the switches of the automation, the stores' time zones, the steps."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from segmail.authoring.own_partials import partial_faults
from segmail.doctor.findings import Area, AreaFinding, of_faults, ok
from segmail.findings import Finding, Severity
from segmail.maho.config.store_config import StoreConfig
from segmail.maho.config.switch import FLAG, MAHOS_JOB, OWN, automation_switch, maho_sends
from segmail.maho.schema.layout import dates_are_timestamps
from segmail.maho.schema.transaction import Transaction
from segmail.maho.shop import Shop
from segmail.maho.storefront.locale import StoreLocale
from segmail.maho.storefront.stores import ADMIN, Stores
from segmail.maho.storefront.urls import StoreUrls
from segmail.mail.items.partials import Partials
from segmail.sequences.validate import validate_steps
from segmail.status.judge import switch_on


def switch_findings(tx: Transaction, config: StoreConfig, told: bool | None) -> list[AreaFinding]:
    """Return whether the jobs may run and what decides, and whether Maho's send as well."""
    switch = automation_switch(config, told)
    if not switch.on:
        what = f"Email automation is switched off by {switch.setting}; no job does anything."
        return [Finding(Severity.WARNING, Area.SWITCHES, what, switch_on(switch))]
    found = [ok(Area.SWITCHES, f"Switched on by {switch.setting}.")]
    switches = not dates_are_timestamps(tx)
    if maho_sends(config, jobs_have_switches=switches):
        what = f"Maho's own jobs are on too ({FLAG}): both would send."
        found.append(Finding(Severity.WARNING, Area.SWITCHES, what, _switch_maho_off(switches)))
    return found


def time_zone_findings(tx: Transaction, config: StoreConfig) -> list[AreaFinding]:
    """Return the stores whose time zone is unknown here."""
    stores = [id_ for id_ in Stores.load(tx).stores if id_ != ADMIN]
    locales = (StoreLocale.of(config, id_, {}) for id_ in stores)
    faults = [locale.timezone_fault for locale in locales if locale.timezone_fault]
    return of_faults(Area.TIME_ZONES, faults) or [
        ok(Area.TIME_ZONES, f"Known for each store ({len(stores)}).")
    ]


def base_url_findings(tx: Transaction, config: StoreConfig) -> list[AreaFinding]:
    """Return the stores whose mails would have dead links; `process-emails` sends none."""
    stores = Stores.load(tx)
    faults = [
        Finding(
            Severity.ERROR,
            Area.BASE_URLS,
            f"Store '{store.code}' has no base URL that customers reach ({path}); no mails are "
            "sent in its name.",
            f"Set {path} to the shop's address in Maho (System > Configuration > Web).",
        )
        for store in stores.speaking
        if (path := StoreUrls(store, config, stores.single_store_mode).missing_base_url)
    ]
    return faults or [ok(Area.BASE_URLS, f"Known for each store ({len(stores.speaking)}).")]


def step_findings(shop: Shop, *, maho_root: Path | None, now: datetime) -> list[AreaFinding]:
    """Return what `sequence validate` finds."""
    found = validate_steps(shop, now=now, maho_root=maho_root)
    if not found:
        return [ok(Area.STEPS, "No faults found.")]
    return [
        Finding(
            one.severity,
            Area.STEPS,
            one.what if one.what.startswith(f"'{one.where}'") else f"{one.where}: {one.what}",
            one.advice,
        )
        for one in found
    ]


def partial_findings(maho_root: Path | None) -> list[AreaFinding]:
    """Return what is wrong with the shop's own partials, which show carts and products."""
    partials = Partials(maho_root)
    found = [
        Finding(
            Severity.ERROR if fault.stops else Severity.WARNING,
            Area.PARTIALS,
            f"{fault.file}, line {fault.line}: {fault.what}",
            fault.advice,
        )
        for fault in partial_faults(partials)
    ]
    own = ", ".join(file.name for file in partials.own_files())
    return found or [ok(Area.PARTIALS, f"The shop's own: {own or 'none'}.")]


def _switch_maho_off(switches: bool) -> str:
    by_flag = f"`segmail take-over` sets {FLAG} to 0 and {OWN} to 1"
    by_job = f"; {MAHOS_JOB} to 0 would do, too (from Maho 26.5 on)" if switches else ""
    return f"{by_flag}{by_job}. Then flush Maho's cache; README: Taking over from Maho."
