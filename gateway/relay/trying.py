"""What an administrator decides about trying: how often, how much at once, and for how long.

Promises that a mail is given up only after a time that somebody chose.
"""

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field


class DeliverySettings(BaseModel):
    """How the deliverer works through what is waiting to leave."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    at_once: int = Field(8, ge=1, le=100, description="Mails sent at the same time.")
    poll: timedelta = Field(
        timedelta(milliseconds=200), gt=timedelta(0), description="Pause when nothing is waiting."
    )
    lease: timedelta = Field(
        timedelta(minutes=15),
        ge=timedelta(seconds=5),
        description="How long a mail stays ours while it is being sent. After a crash another "
        "deliverer waits this long before it takes over.",
    )
    first_retry: timedelta = Field(
        timedelta(seconds=30), gt=timedelta(0), description="Wait after the first failure."
    )
    longest_retry: timedelta = Field(
        timedelta(hours=1), gt=timedelta(0), description="The wait doubles up to this."
    )
    give_up_after: timedelta = Field(
        timedelta(days=5), gt=timedelta(0), description="Age at which a mail is returned."
    )
    warn_after: timedelta = Field(
        timedelta(hours=4),
        gt=timedelta(0),
        description="Age at which a sender is told, once, that a mail is late.",
    )
    processes: int = Field(
        1,
        ge=1,
        le=16,
        description="Deliverers of this node. Each sends at_once mails at the same time.",
    )
    grace: timedelta = Field(
        timedelta(seconds=20),
        ge=timedelta(0),
        description="When asked to stop, mails being sent have this long to finish.",
    )
    code_life: timedelta = Field(
        timedelta(minutes=10),
        gt=timedelta(0),
        description="Age at which a sign-in code is useless and no longer sent.",
    )
