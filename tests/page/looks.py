"""What holds for every page, whatever it shows: each check gives a list of what is wrong."""

import re

# What a page of ours is made of; anything else came from a stranger's text.
TAGS = set("""html head meta link title style body main header section h1 h2 p strong span time div
pre code mark i bdi a table caption thead tbody tr th td figure img figcaption ul li dl dt dd
""".split())
ATTRIBUTES = set("""lang charset http-equiv content name rel href class id aria-labelledby role
tabindex data-n scope alt width height src datetime""".split())

# Tabs and line ends are all there may be of controls; no unseen turns of direction.
UNSEEN = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e"
                    "\u2060-\u206f\ufeff\ufff0-\uffff]")


def numbers(colour):
    """Of rgb() or rgba(): red, green, blue, alpha."""
    found = [float(n) for n in re.findall(r"[\d.]+", colour)]
    return found if len(found) == 4 else found + [1.0]


def luminance(colour):
    def part(n):
        n /= 255
        return n / 12.92 if n <= 0.03928 else ((n + 0.055) / 1.055) ** 2.4
    red, green, blue, _ = numbers(colour)
    return 0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue)


def is_dark(colour):
    return luminance(colour) < 0.2


def sideways(tab):
    width, room = tab.ask("[document.documentElement.scrollWidth, innerWidth]")
    return ["the page is %d px wide in a window of %d" % (width, room)] if width > room else []


def nothing_runs(tab):
    bad = ["a dialog: %s" % e for e in tab.events("Page.javascriptDialogOpening")]
    bad += ["an exception: %s" % e for e in tab.events("Runtime.exceptionThrown")]
    bad += ["a word of a script: %s" % e for e in tab.events("Runtime.consoleAPICalled")]
    return bad + tab.ask("[...document.querySelectorAll('script, iframe, object, embed, svg, form')]"
                         ".map(e => 'an element: ' + e.outerHTML)")


def nothing_is_loaded(tab):
    urls = [e["request"]["url"] for e in tab.events("Network.requestWillBeSent")]
    bad = ["loaded: " + u for u in urls[1:] if not u.startswith("data:")]
    return bad + ["the browser says: " + e["entry"]["text"] for e in tab.events("Log.entryAdded")]


def only_our_elements(tab):
    tags, attributes = tab.ask("""(all => [
        [...new Set(all.map(e => e.localName))],
        [...new Set(all.flatMap(e => e.getAttributeNames()))],
    ])([...document.querySelectorAll('*')])""")
    return ["<%s>" % t for t in set(tags) - TAGS] + ["%s=" % a for a in set(attributes) - ATTRIBUTES]


def only_seen_characters(tab):
    text = tab.ask("""document.documentElement.textContent + [...document.querySelectorAll('*')]
        .flatMap(e => e.getAttributeNames().map(n => e.getAttribute(n))).join(' ')""")
    return ["U+%04X" % ord(c) for c in sorted(set(UNSEEN.findall(text)))]


def can_be_heard(tab):
    """What somebody needs who does not see the page."""
    return tab.ask("""[
        document.documentElement.lang == 'en' ? '' : 'no language',
        document.querySelectorAll('h1').length == 1 ? '' : 'not one h1',
        ...[...document.querySelectorAll('section')].map(s => {
            const h = document.getElementById(s.getAttribute('aria-labelledby'));
            return h && h.localName == 'h2' && h.textContent.trim() ? '' : 'a section without heading';
        }),
        ...[...document.querySelectorAll('.box')].map(b =>
            b.tabIndex == 0 && document.getElementById(b.getAttribute('aria-labelledby')) ? '' :
                'a box that keys cannot scroll'),
        ...[...document.querySelectorAll('th')].map(t => t.scope == 'col' ? '' : 'th without scope'),
        ...[...document.querySelectorAll('table')].map(t => t.caption ? '' : 'no caption'),
        ...[...document.images].map(i => i.alt ? '' : 'a picture without words'),
        [...document.querySelectorAll('[id]')].length ==
            new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size ? '' : 'an id twice',
    ].filter(t => t)""")


# Each pair of letters and ground that is there, with one of the texts that have it.
PAIRS = """(() => {
    const pairs = {};
    const see = (colour, e, text) => {
        while (e && /, 0\\)$|transparent/.test(getComputedStyle(e).backgroundColor))
            e = e.parentElement;
        const ground = e ? getComputedStyle(e).backgroundColor : 'rgb(255, 255, 255)';
        pairs[colour + ' on ' + ground] = [colour, ground, text.trim().slice(0, 40)];
    };
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let n = walk.nextNode(); n; n = walk.nextNode())
        if (n.data.trim() && !/SCRIPT|STYLE/.test(n.parentElement.nodeName))
            see(getComputedStyle(n.parentElement).color, n.parentElement, n.data);
    for (const e of document.querySelectorAll('#L1, mark, .gap'))
        see(getComputedStyle(e, '::before').color, e, 'the number of ' + e.id);
    return Object.values(pairs);
})()"""


def contrast(tab):
    """4.5 to 1 is what WCAG asks of text."""
    bad = []
    for letters, ground, text in tab.ask(PAIRS):
        a, b = sorted((luminance(letters), luminance(ground)))
        ratio = (b + 0.05) / (a + 0.05)
        if ratio < 4.5:
            bad.append("%.2f: %s on %s: %s" % (ratio, letters, ground, text))
    return bad


ALL = (
    ("nothing sideways", sideways),
    ("nothing runs", nothing_runs),
    ("nothing is loaded", nothing_is_loaded),
    ("only our elements", only_our_elements),
    ("no unseen character", only_seen_characters),
    ("can be heard", can_be_heard),
    ("contrast", contrast),
)
