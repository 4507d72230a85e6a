"""Letters that look like Latin ones, and the Latin letter or digit a reader takes them for.

Small on purpose: only pairs that are hard to tell apart in a mail program's list of subjects, after
NFKC has dealt with full-width, mathematical, circled and superscript forms. One character to one.
Must never be applied to a whole text that people read: Greek and Russian are languages.
"""

_FOREIGN = (
    # Cyrillic
    "АA ВB ЕE ЅS ІI ЈJ КK МM НH ОO РP СC ТT ХX УY ҮY ԌG ԚQ ԜW ԁd ԛq ԝw аa еe оo рp сc уy хx ѕs "
    "іi їi јj һh үy ӏl ӀI вb кk мm нh тt гr пn З3 з3 Ӡ3 б6 Ч4 ч4 ѡw "
    # Greek
    "ΑA ΒB ΕE ΖZ ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX αa εe ιi κk νv οo ρp τt υu χx ϲc ϳj ωw ηn "
    # Armenian, Cherokee, Lisu
    "օo սu ցg հh ոn ԱU ՏS ՕO ᎪA ᏴB ᏟC ᎠD ᎬE ᏀG ᎻH ᎫJ ᏦK ᏞL ᎷM ᏢP ᎡR ᏚS ᎢT ᏙV ᎳW ᏃZ Ꭵi "
    "ꓮA ꓐB ꓚC ꓓD ꓰE ꓝF ꓖG ꓧH ꓲI ꓙJ ꓗK ꓡL ꓟM ꓠN ꓳO ꓑP ꓣR ꓢS ꓔT ꓴU ꓦV ꓪW ꓫX ꓬY ꓜZ "
    # Small capitals and other letters of phonetic alphabets
    "ᴀA ʙB ᴄC ᴅD ᴇE ꜰF ɢG ʜH ɪI ᴊJ ᴋK ʟL ᴍM ɴN ᴏO ᴘP ʀR ꜱS ᴛT ᴜU ᴠV ᴡW ʏY ᴢZ "
    "ɡg ɑa ɩi ʋu ɼr ʂs ʐz ǀl"
)

# Letters of languages in Latin script, and numerals that are letters to Unicode: only where shapes
# are compared, for a Turkish or Danish name must stay what it is.
_NATIVE = (
    "ıi ȷj ɓb ƅb ƄB ɗd ƙk ƴy ŀl øo ØO ƖI ƽ5 Ƽ5 Ʒ3 ʒ3 Ȝ3 ȝ3 "
    "〇0 零0 一1 二2 三3 四4 五5 六6 七7 八8 九9"
)

FOREIGN: dict[str, str] = {pair[0]: pair[1] for pair in _FOREIGN.split()}
LOOKALIKES: dict[int, str] = {ord(pair[0]): pair[1] for pair in (_FOREIGN + " " + _NATIVE).split()}
