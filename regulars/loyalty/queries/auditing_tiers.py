"""The audit of tiers that have a memory: each standing judged again from the first day on."""

from collections.abc import Iterator

from django.db.models import F

from regulars.loyalty.models import Ladder, LadderStanding, Program
from regulars.loyalty.queries.books import Book, book_of
from regulars.loyalty.queries.deeds import deeds_of
from regulars.loyalty.queries.ladders import LadderInBook
from regulars.loyalty.queries.tracks import Person, persons_on
from regulars.loyalty.rules.tiers.judging import Move
from regulars.loyalty.rules.tiers.tracks import rebuilt

BATCH = 1000


def standings_that_differ(*, limit: int = 1000) -> list[str]:
    """What is stored of members on tracked ladders, where judging them again gives something else."""
    found: list[str] = []
    for program in Program.objects.order_by("id"):
        book = book_of(program)
        if book.tracked:
            found += _of_main_tiers(program)
        for ladder in book.tracked:
            if ladder.rules.basis != "acts":
                found += _of_ladder(book, ladder)
    return found[:limit]


def _of_ladder(book: Book, ladder: LadderInBook) -> Iterator[str]:
    last = 0
    while ids := _next_members(ladder, last):
        persons = persons_on([ladder], ids)
        deeds = deeds_of(ladder, ids)
        for id_ in ids:
            moves = deeds.get(id_, [])
            stored, derived = _stored(persons[id_], ladder), _derived(persons[id_], ladder, moves)
            if stored != derived:
                yield (
                    f"tier_follows_from_deeds: {id_} on {book.code}/{ladder.code} has {stored},"
                    f" what was done says {derived}"
                )
        last = ids[-1]


def _next_members(ladder: LadderInBook, after: int) -> list[int]:
    rows = LadderStanding.objects.filter(
        ladder_id=ladder.id, member_id__gt=after, version=len(ladder.editions) - 1
    )
    return list(rows.order_by("member_id").values_list("member_id", flat=True)[:BATCH])


def _stored(person: Person, ladder: LadderInBook) -> tuple[object, ...]:
    track = person.tracks[ladder.id]
    return track.tier, track.since, track.counted


def _derived(person: Person, ladder: LadderInBook, moves: list[Move]) -> tuple[object, ...]:
    known = person.tracks[ladder.id]
    gifts = person.given.get(ladder.id, ())
    track = rebuilt(ladder.editions, person.joined_at, moves, known.standing.at, given=gifts)
    return track.tier, track.since, track.counted


def _of_main_tiers(program: Program) -> list[str]:
    """Members whose tier is not the one they stand on by the main ladder."""
    main = Ladder.objects.filter(program=program, position=0, is_tracked=True).first()
    rows = LadderStanding.objects.filter(ladder=main).exclude(tier=F("member__tier"))
    return [
        f"tier_is_that_of_the_main_ladder: {row.member_id} has {row.member.tier_id},"
        f" stands on {row.tier_id}"
        for row in rows.select_related("member")
        if row.member.tier_id != row.tier_id
    ]
