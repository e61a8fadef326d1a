import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.mrkdwn import Names, mrkdwn_to_html, plain_to_html

NAMES = Names(
    {"U1": "Maya Ortiz", "U2": "<b>Tom</b>"}.get, {"C1": "sales"}.get, {"S1": "managers"}.get, me="U1"
)


def drawn(text: str) -> str:
    return str(mrkdwn_to_html(text, NAMES))


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("*bold* _soft_ ~gone~", "<strong>bold</strong> <em>soft</em> <s>gone</s>"),
        ("*_both_*", "<strong><em>both</em></strong>"),
        ("2*3*4 a_b_c * not *", "2*3*4 a_b_c * not *"),
        ("one\ntwo", "one<br>two"),
        ("`a *b* <x>`", '<code class="code">a *b* x</code>'),
        ("```\na\n&lt;b&gt;\n```", '<pre class="pre">a\n&lt;b&gt;</pre>'),
        ("&gt; said\n&gt; so\nafter", '<blockquote class="quote">said<br>so</blockquote>after'),
        ("&lt;b&gt; &amp;amp; <b>", "&lt;b&gt; &amp;amp; &lt;b&gt;"),
        ("<@U1>", '<span class="mention mention-me">@Maya Ortiz</span>'),
        ("<@U2>", '<span class="mention">@&lt;b&gt;Tom&lt;/b&gt;</span>'),
        ("<@U9|nina>", '<span class="mention">@nina</span>'),
        ("<#C1> <#C9|old>", '<span class="mention">#sales</span> <span class="mention">#old</span>'),
        ("<!here>", '<span class="mention mention-me">@here</span>'),
        ("<!subteam^S1>", '<span class="mention">@managers</span>'),
        ("<!date^1700000000^{date_short} at {time}|then>", "Nov 14, 2023 at 10:13 PM"),
        ("<!date^x^{date}|then>", "then"),
        ("<!strange>", "&lt;!strange&gt;"),
        (":nosuchemoji: 10:30:15", ":nosuchemoji: 10:30:15"),
    ],
)
def test_forms(text: str, html: str) -> None:
    assert drawn(text) == html


def test_links_open_elsewhere_and_only_to_addresses() -> None:
    link = '<a href="https://x.example/?a=1&amp;b=%22" target="_blank" rel="noopener noreferrer">the &lt;page&gt;</a>'
    assert drawn("<https://x.example/?a=1&amp;b=%22|the &lt;page&gt;>") == link
    assert "<a " not in drawn("<javascript:alert(1)|x> <data:text/html,x>")
    assert drawn("see https://x.example/a. Then").startswith('see <a href="https://x.example/a"')
    assert 'href="mailto:a@b.example"' in drawn("<mailto:a@b.example|write>")


def test_emoji_are_pictures_also_when_typed_as_characters() -> None:
    picture = '<img class="emoji" src="/static/emoji/fire.svg" alt="🔥" title=":fire:">'
    assert drawn(":fire:") == picture
    assert drawn("🔥") == picture
    assert str(plain_to_html(":fire: <b>")) == f"{picture} &lt;b&gt;"
    assert str(plain_to_html(":fire:", emoji=False)) == ":fire:"
    assert str(plain_to_html("🔥", emoji=False)) == picture
    assert 'src="/static/emoji/%2B1.svg"' in drawn(":+1:")


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "<https://x.example/`onmouseover=alert(1) `|a>",
    '<https://x.example/"onmouseover=alert(1)|a>',
    "<https://x|`<img src=x onerror=alert(1)>`>",
    "*<https://x.example|_a*b_>*",
    "\ue0000\ue001 \ue00099\ue001",
    '<@U1|"><script>>',
    "``````````",
    "<https://x|<https://y|z>>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
]
TAG = re.compile(
    r"</?(?:strong|em|s|br|span|code|pre|blockquote|a|img)"
    r'(?: (?:class|href|target|rel|src|alt|title)="[^"<>]*")*>'
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_makes_no_markup_of_its_own(text: str) -> None:
    for html in (drawn(text), str(plain_to_html(text))):
        assert "<" not in TAG.sub("", html)
        assert not re.search(r"<[^>]*\son\w+=", html)


@given(st.text(alphabet="<>@#!|&;*_~`:\n\"'= \ue000\ue0010a1/hptsx.🔥", max_size=60))
def test_whatever_is_typed_makes_no_markup_of_its_own(text: str) -> None:
    html = drawn(text)
    assert "<" not in TAG.sub("", html)
    assert "\ue000" not in html
