"""Findings and faults as people read them."""

from __future__ import annotations

import pickle

from segmail.errors import ConfigError, Fault
from segmail.findings import Finding, Severity, errors, warnings


def test_a_finding_reads_as_what_is_wrong_and_then_what_to_do() -> None:
    assert str(Finding(Severity.ERROR, "here", "It is broken.", "Mend it.")) == (
        "It is broken. Mend it."
    )
    assert str(Finding(Severity.OK, "here", "All is well.")) == "All is well."


def test_errors_and_warnings_are_told_apart_from_the_rest() -> None:
    every = [Finding(severity, "here", severity.value) for severity in Severity]

    assert [str(one) for one in errors(every)] == ["error"]
    assert [str(one) for one in warnings(every)] == ["warning"]


def test_a_configuration_error_has_a_line_for_each_fault() -> None:
    error = ConfigError([Fault("The port is no number.", "Enter one."), Fault("There is no host.")])

    assert str(error) == "The port is no number. Enter one.\nThere is no host."


def test_a_sentence_is_a_fault_without_advice() -> None:
    assert ConfigError("There is no host.").faults == (Fault("There is no host."),)


def test_a_fault_can_say_what_it_is_about() -> None:
    fault = Fault("is encrypted.", "Save it again.").about("system/smtp/password ")

    assert fault == Fault("system/smtp/password is encrypted.", "Save it again.")


def test_a_process_can_hand_its_faults_to_another() -> None:
    error = ConfigError([Fault("The port is no number.", "Enter one."), Fault("There is no host.")])

    assert pickle.loads(pickle.dumps(error)).faults == error.faults  # noqa: S301
