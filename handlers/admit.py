"""Records that were read: each is stored, or goes to quarantine with its reason. One transaction, nothing lost.

It must not know how records are read.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from handlers.ingest import Taken, Verdict, take_in, take_in_profiles
from handlers.intake.errors import Reason
from handlers.intake.format import Draft
from storage import quarantine
from storage.database import Transaction
from storage.incoming import CustomerIn, EventIn
from storage.quarantine import Refused


@dataclass(frozen=True, slots=True)
class Candidate:
    """A record as it came (``paper``), and what is to be stored of it, or why nothing can be."""

    paper: Refused
    draft: Draft | Reason


def admit(tx: Transaction, candidates: Sequence[Candidate], *, now: int, by_http: bool) -> list[Verdict]:
    """Take in what can be and put the rest into quarantine; gives for each what became of it."""
    verdicts: dict[int, Verdict] = {
        index: one.draft for index, one in enumerate(candidates) if isinstance(one.draft, Reason)
    }
    events = {index: one.draft for index, one in enumerate(candidates) if isinstance(one.draft, EventIn)}
    profiles = {index: one.draft for index, one in enumerate(candidates) if isinstance(one.draft, CustomerIn)}
    taken = take_in(tx, list(events.values()), now=now, by_http=by_http)
    verdicts.update(zip(events, taken, strict=True))
    said = take_in_profiles(tx, list(profiles.values()), now=now)
    verdicts.update(zip(profiles, said, strict=True))
    refused = [
        replace(candidates[index].paper, reason=verdict.code, params=verdict.params)
        for index, verdict in sorted(verdicts.items())
        if not isinstance(verdict, Taken)
    ]
    quarantine.add(tx, refused, now=now)
    return [verdicts[index] for index in range(len(candidates))]
