"""Elements of HTML by what they do to a text, and attributes by whether people see them.

Source: HTML Living Standard, 15.3 (rendering) and 13.1.2 (void elements).
"""

_BLOCK_NAMES = """
    address article aside blockquote body br caption center dd details dialog dir div dl dt
    fieldset figcaption figure footer form frame h1 h2 h3 h4 h5 h6 head header hr html legend
    li listing main menu nav ol option p plaintext pre search section select summary table
    tbody textarea tfoot thead title tr ul xmp
"""
BLOCK = frozenset(_BLOCK_NAMES.split())
CELL = frozenset({"td", "th"})
RAW = frozenset({"script", "style"})
_VOID_NAMES = """
    area base br col embed hr img input link meta param source track wbr
"""
VOID = frozenset(
    _VOID_NAMES.split(),
)
_SHOWN_NAMES = """
    alt title placeholder value label summary aria-label aria-description cite content
    data-content standby prompt abbr download
"""
SHOWN = frozenset(_SHOWN_NAMES.split())
