from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claims.pairs import PAIRS_PER_STATEMENT, candidate_pairs, content
from claims.statements import Statement


def statements(*texts: str) -> list[Statement]:
    return [Statement(i * 1000, i * 1000 + len(text), text, i) for i, text in enumerate(texts)]


def test_pairs_that_share_rare_words_come_first() -> None:
    story = statements(
        "The bridge in Valdemora cost twelve million euros",
        "Rain is expected on Tuesday",
        "Ticket prices rise in autumn",
        "The Valdemora bridge was paid for by the ministry",
        "Nobody was hurt on Tuesday evening",
    )

    found = candidate_pairs(story)

    assert found.pairs[0] == (0, 3)
    assert found.relatedness[0] > found.relatedness[1] > 0


def test_every_pair_is_read_when_the_budget_allows() -> None:
    found = candidate_pairs(statements("alpha one", "beta two", "gamma three", "delta four"))

    assert sorted(found.pairs) == [(i, j) for i in range(4) for j in range(i + 1, 4)]
    assert found.possible == 6


def test_a_budget_keeps_the_most_related_pairs_and_the_total_is_known() -> None:
    story = statements("the harbour wall", "nothing alike here", "harbour wall again", "quite another thing")

    found = candidate_pairs(story, budget=1)

    assert found.pairs == ((0, 2),)
    assert found.possible == 6


def test_room_left_goes_to_neighbours() -> None:
    found = candidate_pairs(statements(*(f"{letter * 6} {letter * 7}" for letter in "abcdefgh")), budget=7)

    assert found.pairs == tuple((i, i + 1) for i in range(7))


def test_what_one_speaker_says_is_compared_before_what_shares_more_words() -> None:
    story = [
        replace(one, speaker=speaker)
        for one, speaker in zip(
            statements(
                "I never met him",
                "the harbour wall is old",
                "rain fell in spring",
                "we dined at his house",
                "the harbour wall leaks",
            ),
            ("Lee", None, None, "Lee", "Ross"),
            strict=True,
        )
    ]

    found = candidate_pairs(story, budget=2)

    assert set(found.pairs) == {(0, 3), (1, 4)}


def test_clauses_of_one_sentence_are_compared_whatever_words_they_share() -> None:
    apart = statements("alpha beta gamma", "delta epsilon zeta", "eta theta iota", "kappa lambda mu", "nu xi omicron")
    one_sentence = [replace(one, sentence=7 if i in (0, 4) else i) for i, one in enumerate(apart)]

    assert (0, 4) not in candidate_pairs(apart, budget=4).pairs
    assert (0, 4) in candidate_pairs(one_sentence, budget=4).pairs


def test_what_is_worth_checking_is_compared_before_what_is_not() -> None:
    told = statements(*(f"{letter * 6} {letter * 7}" for letter in "abcde"))
    worth = [replace(one, claim_score=0.9 if i in (0, 4) else 0.1) for i, one in enumerate(told)]

    assert (0, 4) not in candidate_pairs(told, budget=5).pairs
    assert (0, 4) in candidate_pairs(worth, budget=5).pairs


def test_a_repeated_statement_takes_part_once() -> None:
    found = candidate_pairs(
        statements("The bridge is open.", "Rain fell.", "the bridge is OPEN", "The bridge is open!")
    )

    assert found.possible == 1
    assert found.pairs == ((0, 1),)


@pytest.mark.parametrize(
    ("a", "b", "alike"),
    [
        ("El Gobierno subirá los impuestos.", "el Gobierno subirá los impuestos", True),
        ("El juez de Elva cerró el caso", "Juez de Elva cerró caso", True),
        ("The council backed the plan", "The council did not back the plan", False),
        ("Russia attacked the allies", "The allies attacked Russia", False),
        ("Der Preis stieg auf 12 Euro", "Der Preis stieg auf 15 Euro", False),
        ("가격이 지난달 상승", "가격이 지난달 하락", False),
        ("go up", "go on", False),
    ],
)
def test_statements_are_alike_when_all_but_little_words_are(a: str, b: str, alike: bool) -> None:
    story = [replace(one, cues=("negated",) if " not " in one.text else ()) for one in statements(a, b)]

    assert (candidate_pairs(story).possible == 0) is alike


def test_ten_thousand_equal_statements_are_no_pair() -> None:
    assert candidate_pairs(statements(*["The same line again."] * 10_000)).possible == 0


def test_the_default_budget_grows_with_the_article() -> None:
    n = 200
    found = candidate_pairs(statements(*(f"word{i} shared thing number{i % 7}" for i in range(n))))

    assert len(found.pairs) == PAIRS_PER_STATEMENT * n
    assert found.possible == n * (n - 1) // 2


def test_content_of_scripts_without_spaces_is_every_two_characters() -> None:
    assert set(content("制裁措施")) == {"制裁", "裁措", "措施"}


def test_content_takes_numbers_whole_and_words_by_their_beginning() -> None:
    assert content("Las sanciones costaron 3,6 millones a la UE") == {
        "sanci": "sanciones",
        "costa": "costaron",
        "3,6": "3,6",
        "millo": "millones",
    }


@given(st.lists(st.text(max_size=30), max_size=25), st.integers(0, 400))
def test_pairs_are_distinct_ordered_and_within_the_budget(texts: list[str], budget: int) -> None:
    story = statements(*texts)

    found = candidate_pairs(story, budget)

    assert len(set(found.pairs)) == len(found.pairs) == len(found.relatedness) == min(budget, found.possible)
    assert all(0 <= i < j < len(story) for i, j in found.pairs)
    assert (found.relatedness >= 0).all()
    assert (found.relatedness <= 1.001).all()
