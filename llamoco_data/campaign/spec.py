"""What a campaign is: one record that decides every row of its folder, and the rules by which it may grow."""

from typing import Literal

from pydantic import Field, model_validator

from llamoco_data.identity import Record
from llamoco_data.portfolio import OPTIMIZER_BY_NAME
from llamoco_data.problems.functions.definition import FunctionFamily
from llamoco_data.problems.sampling import ProblemMixture
from llamoco_data.racing import Policy
from llamoco_data.runs import TIME_LIMIT_S


class CampaignSpec(Record):
    """A campaign: equal specs give equal rows, on one worker or a hundred, interrupted or not."""

    schema_version: Literal[1] = 1
    """Version of the campaign folder."""
    recipe: str
    """The recipe that it came from."""
    seed: int = Field(ge=0)
    num_problems: int = Field(ge=1)
    mixture: ProblemMixture
    optimizers: tuple[str, ...] = Field(min_length=1)
    """Names in the catalogue, in its order."""
    policy: Policy
    """Which runs a problem needs."""
    wordings: int = Field(ge=1)
    """Wordings of each statement form, for each problem."""
    held_out_families: tuple[FunctionFamily, ...] = ()
    """Problems with a function of these families are for testing only."""
    time_limit_s: float = Field(default=TIME_LIMIT_S, gt=0)
    """Limit of one run."""

    @model_validator(mode="after")
    def _check(self) -> "CampaignSpec":
        unknown = [name for name in self.optimizers if name not in OPTIMIZER_BY_NAME]
        if unknown:
            raise ValueError(f"optimizers: the portfolio has no {', '.join(unknown)}")
        return self


def load_campaign(folder: str) -> CampaignSpec:
    """The spec of a campaign folder.

    Raises:
        LlamocoError: there is no campaign in the folder, or its `campaign.json` is damaged or of another version.
    """
    raise NotImplementedError


def grown(stored: CampaignSpec, wanted: CampaignSpec, folder: str) -> CampaignSpec:
    """The wanted spec, where it is the stored one or grows it.

    More problems, more repeats, more optimizers and more wordings are growth; everything else makes another campaign.

    Raises:
        LlamocoError: the wanted spec shrinks the campaign, or is of another campaign.
    """
    raise NotImplementedError
