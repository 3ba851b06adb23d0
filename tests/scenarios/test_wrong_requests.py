"""Whatever is sent, the answer is a refusal that helps and never an accident."""

import pytest

from demo.registers import MARK
from tests.scenarios.conftest import Stage
from tests.support.wrong_requests import ask_for_what_is_wrong


@pytest.mark.parametrize("organization", ["arganier-droit", "chu-atlas", "hopital-oriental"])
def test_nothing_that_is_sent_breaks_the_hub(stage: Stage, organization: str) -> None:
    persona = stage.cast[organization]
    before = len(persona.heard)
    ask_for_what_is_wrong(persona)
    answers = persona.heard[before:]
    assert len(answers) > 100
    assert [answer.sent for answer in answers if answer.status >= 500] == []
    refused = [answer for answer in answers if answer.status >= 400]
    for answer in refused:
        body = answer.body
        assert body.get("resourceType") == "OperationOutcome" or "error" in body, answer.sent
        assert MARK not in answer.response.text.upper(), answer.sent
