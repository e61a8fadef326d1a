"""What people type, taken apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.slack.typed import (
    LONGEST,
    OpenQuoteError,
    OptionNeedsValueError,
    TooMuchTextError,
    UnknownOptionError,
    UsageError,
    first_word,
    nearest,
    plain,
    read,
)

OPTIONS = ("channel", "severity", "action")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("  Ann\u00a0 Bell\n", "Ann Bell"),
        ("<mailto:ann@example.com|ann@example.com>", "ann@example.com"),
        ("<https://shop.example|shop.example>", "shop.example"),
        ("O’Brien &amp; Sons &lt;3", "O’Brien & Sons <3"),
        ("&lt;!channel&gt;", "<!channel>"),
        ("<@U08TOMBECKR|tom>", "U08TOMBECKR"),
        ("", ""),
    ],
)
def test_plain_undoes_what_slack_does(text: str, meant: str) -> None:
    assert plain(text) == meant


def test_plain_reads_so_much_and_no_more() -> None:
    assert plain("x" * LONGEST)
    with pytest.raises(TooMuchTextError):
        plain("x" * (LONGEST + 1))


@pytest.mark.parametrize(
    ("text", "rest", "options"),
    [
        ("quiet silent(purchase, 30d)", "quiet silent(purchase, 30d)", {}),
        ("a b --channel #sales", "a b", {"channel": "#sales"}),
        ("a —channel #sales b", "a b", {"channel": "#sales"}),
        ("a –channel=#sales", "a", {"channel": "#sales"}),
        ("--severity high a b", "a b", {"severity": "high"}),
        ("a --action “Call them” b", "a b", {"action": "Call them"}),
        ("a --action Call them now --severity low", "a", {"action": "Call them now", "severity": "low"}),
        ('a segment = "--severity low"', 'a segment = "--severity low"', {}),
        ('a --action "say \\"hi\\""', "a", {"action": 'say "hi"'}),
        (
            "a count(purchase) &gt; 2 --channel <#C123|sales>",
            "a count(purchase) > 2",
            {"channel": "<#C123|sales>"},
        ),
        (
            "a change(sum(purchase), 30d) <= -50% --CHANNEL x",
            "a change(sum(purchase), 30d) <= -50%",
            {"channel": "x"},
        ),
        ("a owner = <@U123|tom>", "a owner = U123", {}),
        ("a --severity b, c,  d e", "a e", {"severity": "b, c, d"}),
        ("a --severity b,", "a", {"severity": "b,"}),
    ],
)
def test_options_are_found_wherever_they_stand(text: str, rest: str, options: dict[str, str]) -> None:
    typed = read(text, OPTIONS, to_the_end=("action",))
    assert (typed.rest, typed.options) == (rest, options)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("a --chanel x", UnknownOptionError),
        ("a --channel", OptionNeedsValueError),
        ("a --channel --severity low", OptionNeedsValueError),
        ('a --action "Call', OpenQuoteError),
    ],
)
def test_what_is_wrong_is_said(text: str, error: type[UsageError]) -> None:
    with pytest.raises(error):
        read(text, OPTIONS, to_the_end=("action",))


@given(st.text(alphabet=st.sampled_from("ab -–—=\"'“”\\#<>&;\n\u00a0\ud800") | st.characters(), max_size=60))
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    try:
        read(text, OPTIONS, to_the_end=("action",))
        plain(text)
    except UsageError:
        pass


def test_words_and_what_is_near() -> None:
    assert first_word("  show  lapsing ") == ("show", "lapsing")
    assert first_word("") == ("", "")
    assert nearest("statsu", ("status", "find")) == ["status"]
    assert nearest("bell", ("status", "find")) == []
