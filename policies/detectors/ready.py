"""What detectors load or build when they are first asked: lists of words, weights, patterns.

For a program whose processes are forked: what was loaded before is there once for all of them.
Must never be given anything that somebody wrote: the sample is made up.
"""

from policies.detectors.registry import DETECTORS
from policies.detectors.scan import scan

_SAMPLE = """\
Dear Mrs Sample,

thank you for your letter about the pupil J. S., born on 3 March 2014, of 12 Sample Road, Sampleton
SM1 2PL. Please write to office@sample.example or call 01632 960001 between nine and five.
The committee looked at the plan for the market square and asked for two changes. Benches will stand
along the north side, where the sun comes in the afternoon. The NHS number is not known to us; the
sort code is 00-00-00 and the account 00000000. His anxiety has been discussed with the school.
Officers will write to the shops before the first stones are lifted. Password: to be told by phone.

Name,Date of birth,Reference
Sam Sample,03/03/2014,SAMPLE/0001
Kim Sample,04/04/2015,SAMPLE/0002
"""


def get_ready() -> None:
    """Have every detector load what it needs."""
    scan(_SAMPLE, DETECTORS.values())
