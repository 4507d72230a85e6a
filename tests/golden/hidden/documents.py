"""Documents: every place of an office file, a PDF or an RTF in which text can stand."""

import zlib
from base64 import a85encode
from collections.abc import Iterator

from tests.golden.hidden.containers import zipped
from tests.golden.hidden.writing import DIGITS, NUMBER, attached

TEXT = f"NHS number {NUMBER}"
RELATED = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
SLIDE = "http://schemas.openxmlformats.org/drawingml/2006/main"


def tricks() -> Iterator[tuple[str, bytes]]:
    """Each trick with its name."""
    yield from _word()
    yield from _excel()
    yield from _powerpoint()
    yield from _open_document()
    yield from _pdf()
    yield from _rtf()


def _package(main: str, **parts: str) -> bytes:
    """An Office Open XML package (ECMA-376): the main part and others by their path, `__` for `/`."""
    types = '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>'
    rels = f'<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="{RELATED}/officeDocument" Target="{main}"/></Relationships>'
    files = [("[Content_Types].xml", types), ("_rels/.rels", rels)]
    files += [(path.replace("__", "/") + ".xml", content) for path, content in parts.items()]
    return zipped(*((name, content.encode()) for name, content in files))


def _docx(body: str = "<w:p><w:r><w:t>As discussed</w:t></w:r></w:p>", **parts: str) -> bytes:
    document = f'<?xml version="1.0"?><w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>'
    return _package("word/document.xml", word__document=document, **parts)


def _word() -> Iterator[tuple[str, bytes]]:
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

    def docx(name: str, *args: str, **parts: str) -> tuple[str, bytes]:
        return attached(f"docx, {name}", "letter.docx", _docx(*args, **parts), kind)

    def wrapped(tag: str) -> str:
        return f'<?xml version="1.0"?><w:{tag} xmlns:w="{WORD}"><w:p><w:r><w:t>{TEXT}</w:t></w:r></w:p></w:{tag}>'

    yield docx("text", f"<w:p><w:r><w:t>{TEXT}</w:t></w:r></w:p>")
    yield docx("number in many runs", "<w:p><w:r><w:t>NHS number </w:t></w:r>" + "".join(f"<w:r><w:t>{d}</w:t></w:r>" for d in DIGITS) + "</w:p>")
    yield docx("hidden text", f"<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>{TEXT}</w:t></w:r></w:p>")
    yield docx("deleted text", f"<w:p><w:del><w:r><w:delText>{TEXT}</w:delText></w:r></w:del></w:p>")
    yield docx("field instruction", f"<w:p><w:r><w:instrText>QUOTE \"{TEXT}\"</w:instrText></w:r></w:p>")
    yield docx("table", f"<w:tbl><w:tr><w:tc><w:p><w:r><w:t>NHS number</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>{NUMBER}</w:t></w:r></w:p></w:tc></w:tr></w:tbl>")
    yield docx("header", word__header1=wrapped("hdr"))
    yield docx("footer", word__footer1=wrapped("ftr"))
    yield docx("comment", word__comments=wrapped("comments"))
    yield docx("footnote", word__footnotes=wrapped("footnotes"))
    yield docx("endnote", word__endnotes=wrapped("endnotes"))
    yield docx("properties", docProps__core=f'<?xml version="1.0"?><cp:coreProperties xmlns:cp="x" xmlns:dc="y"><dc:title>{TEXT}</dc:title></cp:coreProperties>')
    yield docx("properties of its own", docProps__custom=f'<?xml version="1.0"?><Properties xmlns:vt="v"><property name="x"><vt:lpwstr>{TEXT}</vt:lpwstr></property></Properties>')
    yield docx("picture text", '<w:p><w:r><w:drawing><wp:docPr xmlns:wp="p" id="1" name="x" descr="' + TEXT + '"/></w:drawing></w:r></w:p>')
    yield docx("data of its own", customXml__item1=f'<?xml version="1.0"?><data><nhs>{TEXT}</nhs></data>')
    yield docx("text in references", "<w:p><w:r><w:t>NHS number " + "".join(f"&#{ord(d)};" for d in DIGITS) + "</w:t></w:r></w:p>")
    yield attached("docx in another docx", "letter.docx", zipped(("word/embeddings/a.docx", _docx(f"<w:p><w:r><w:t>{TEXT}</w:t></w:r></w:p>")), ("word/document.xml", b"<x/>"), ("[Content_Types].xml", b"<Types/>")), kind)
    yield attached("docx called text", "letter.txt", _docx(f"<w:p><w:r><w:t>{TEXT}</w:t></w:r></w:p>"), "text/plain")
    yield attached("docx with an entity", "letter.docx", _package("word/document.xml", word__document=f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY n "{NUMBER}">]><w:document xmlns:w="{WORD}"><w:body><w:p><w:r><w:t>NHS number &n;</w:t></w:r></w:p></w:body></w:document>'), kind)
    yield attached("docx that is damaged", "letter.docx", zipped(("[Content_Types].xml", b"<Types/>"), ("word/document.xml", b"<w:document><w:body>" + TEXT.encode())), kind)


def _excel() -> Iterator[tuple[str, bytes]]:
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    book = f'<?xml version="1.0"?><workbook xmlns="{SHEET}" xmlns:r="{RELATED}"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>'

    def rows(cells: str) -> str:
        return f'<?xml version="1.0"?><worksheet xmlns="{SHEET}"><sheetData><row r="1">{cells}</row></sheetData></worksheet>'

    def xlsx(name: str, **parts: str) -> tuple[str, bytes]:
        content = {"xl__workbook": book, "xl__worksheets__sheet1": rows(""), **parts}
        return attached(f"xlsx, {name}", "list.xlsx", _package("xl/workbook.xml", **content), kind)

    inline = f'<c r="A1" t="inlineStr"><is><t>{TEXT}</t></is></c>'
    shared = f'<?xml version="1.0"?><sst xmlns="{SHEET}"><si><t>{TEXT}</t></si></sst>'
    pieces = f'<?xml version="1.0"?><sst xmlns="{SHEET}"><si><r><t>NHS number </t></r><r><t>999 725</t></r><r><t> 1466</t></r></si></sst>'
    yield xlsx("cell", xl__worksheets__sheet1=rows(inline))
    yield xlsx("shared text", xl__worksheets__sheet1=rows('<c r="A1" t="s"><v>0</v></c>'), xl__sharedStrings=shared)
    yield xlsx("shared text in pieces", xl__worksheets__sheet1=rows('<c r="A1" t="s"><v>0</v></c>'), xl__sharedStrings=pieces)
    number = f'<c r="A1" t="inlineStr"><is><t>NHS number</t></is></c><c r="B1"><v>{DIGITS}</v></c>'
    yield xlsx("number", xl__worksheets__sheet1=rows(number))
    yield xlsx("number with a power of ten", xl__worksheets__sheet1=rows(number.replace(DIGITS, "9.997251466E9")))
    yield xlsx("formula", xl__worksheets__sheet1=rows(f'<c r="A1" t="str"><f>"{TEXT}"</f><v>x</v></c>'))
    hidden = book.replace('sheetId="1"', 'sheetId="1" state="veryHidden"')
    yield xlsx("hidden sheet", xl__workbook=hidden, xl__worksheets__sheet1=rows(inline))
    yield xlsx("sheet that the book does not name", xl__worksheets__sheet9=rows(inline))
    yield xlsx("name of a sheet", xl__workbook=book.replace("Sheet1", TEXT))
    yield xlsx("comment", xl__comments1=f'<?xml version="1.0"?><comments xmlns="{SHEET}"><commentList><comment ref="A1"><text><t>{TEXT}</t></text></comment></commentList></comments>')
    yield xlsx("header", xl__worksheets__sheet1=rows("").replace("</worksheet>", f"<headerFooter><oddHeader>&amp;C{TEXT}</oddHeader></headerFooter></worksheet>"))
    yield xlsx("defined name", xl__workbook=book.replace("</workbook>", f'<definedNames><definedName name="x">"{TEXT}"</definedName></definedNames></workbook>'))
    yield xlsx("remembered pivot table", xl__pivotCache__pivotCacheRecords1=f'<?xml version="1.0"?><pivotCacheRecords xmlns="{SHEET}"><r><s v="{TEXT}"/></r></pivotCacheRecords>')
    yield attached("binary workbook", "list.xlsb", zipped(("[Content_Types].xml", b"<Types/>"), ("xl/workbook.bin", b"\x83\x01\0"), ("xl/sharedStrings.bin", TEXT.encode("utf-16-le"))))


def _powerpoint() -> Iterator[tuple[str, bytes]]:
    def pptx(name: str, path: str) -> tuple[str, bytes]:
        content = f'<?xml version="1.0"?><p:sld xmlns:p="p" xmlns:a="{SLIDE}"><a:p><a:r><a:t>NHS number 999 </a:t></a:r><a:r><a:t>725 1466</a:t></a:r></a:p></p:sld>'
        return attached(f"pptx, {name}", "talk.pptx", _package("ppt/presentation.xml", ppt__presentation="<p/>", **{path: content}))

    yield pptx("slide", "ppt__slides__slide1")
    yield pptx("notes", "ppt__notesSlides__notesSlide1")
    yield pptx("comment", "ppt__comments__comment1")
    yield pptx("master", "ppt__slideMasters__slideMaster1")


def _open_document() -> Iterator[tuple[str, bytes]]:
    def odf(name: str, file: str, kind: str, **parts: str) -> tuple[str, bytes]:
        mimetype = ("mimetype", f"application/vnd.oasis.opendocument.{kind}".encode())
        return attached(name, file, zipped(mimetype, *((f"{path}.xml", text.encode()) for path, text in parts.items())))

    def content(inner: str) -> str:
        return f'<?xml version="1.0"?><office:document-content xmlns:office="o" xmlns:text="t" xmlns:table="s"><office:body>{inner}</office:body></office:document-content>'

    clean = content("<text:p>As discussed</text:p>")
    yield odf("odt, text", "letter.odt", "text", content=content(f"<text:p>NHS number 999<text:span> 725</text:span> 1466</text:p>"))
    yield odf("odt, footer", "letter.odt", "text", content=clean, styles=content(f"<text:p>{TEXT}</text:p>"))
    yield odf("odt, properties", "letter.odt", "text", content=clean, meta=content(f"<text:p>{TEXT}</text:p>"))
    yield odf("ods, cell", "list.ods", "spreadsheet", content=content(f"<table:table><table:table-row><table:table-cell><text:p>NHS number</text:p></table:table-cell><table:table-cell><text:p>{NUMBER}</text:p></table:table-cell></table:table-row></table:table>"))
    yield odf("ods, value of a cell", "list.ods", "spreadsheet", content=content(f'<table:table><table:table-cell office:string-value="{TEXT}"/></table:table>'))
    yield odf("odp, slide", "talk.odp", "presentation", content=content(f"<text:p>{TEXT}</text:p>"))


def pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A PDF of these objects (ISO 32000-1), with a table of where they begin."""
    out, at = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, 1):
        at.append(len(out))
        out += b"%d 0 obj\n" % number + content + b"\nendobj\n"
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in at)
    out += b"trailer\n<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, start)
    return bytes(out)


def _page(stream: bytes, coding: bytes = b"", *more: bytes, trailer: bytes = b"", page: bytes = b"", font: bytes = FONT, catalog: bytes = b"") -> bytes:
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R" + catalog + b">>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 5 0 R>>>>/Contents 4 0 R" + page + b">>",
        b"<</Length %d%s>>stream\n" % (len(stream), coding) + stream + b"\nendstream",
        font,
        *more,
        trailer=trailer,
    )


def _pdf() -> Iterator[tuple[str, bytes]]:
    kind = "application/pdf"
    shown = b"BT /F 12 Tf 50 700 Td (" + TEXT.encode() + b") Tj ET"
    packed = zlib.compress(shown, 9)
    hexed = b"BT /F 12 Tf 50 700 Td <" + TEXT.encode().hex().encode() + b"> Tj ET"
    apart = b"BT /F 12 Tf 50 700 Td (NHS number ) Tj " + b" ".join(b"(%s) Tj" % d.encode() for d in DIGITS) + b" ET"
    kerned = b"BT /F 12 Tf 50 700 Td [(NHS number 99) 12 (9 72) -8 (5 14) 3 (66)] TJ ET"
    octal = b"BT /F 12 Tf 50 700 Td (NHS number " + b"".join(b"\\%03o" % ord(d) for d in DIGITS) + b") Tj ET"
    clean = b"BT /F 12 Tf 50 700 Td (As discussed) Tj ET"
    yield attached("pdf, text", "letter.pdf", _page(shown), kind)
    yield attached("pdf, deflated", "letter.pdf", _page(packed, b"/Filter/FlateDecode"), kind)
    yield attached("pdf, deflated and in letters", "letter.pdf", _page(packed.hex().encode() + b">", b"/Filter[/ASCIIHexDecode/FlateDecode]"), kind)
    yield attached("pdf, base 85", "letter.pdf", _page(a85encode(shown) + b"~>", b"/Filter/ASCII85Decode"), kind)
    yield attached("pdf, hexadecimal text", "letter.pdf", _page(hexed), kind)
    yield attached("pdf, every digit shown alone", "letter.pdf", _page(apart), kind)
    yield attached("pdf, kerned", "letter.pdf", _page(kerned), kind)
    yield attached("pdf, octal escapes", "letter.pdf", _page(octal), kind)
    yield attached("pdf, title", "letter.pdf", _page(clean, b"", b"<</Title(" + TEXT.encode() + b")>>", trailer=b"/Info 6 0 R"), kind)
    yield attached("pdf, title in utf-16", "letter.pdf", _page(clean, b"", b"<</Title<FEFF" + TEXT.encode("utf-16-be").hex().encode() + b">>>", trailer=b"/Info 6 0 R"), kind)
    yield attached("pdf, note", "letter.pdf", _page(clean, b"", b"<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents(" + TEXT.encode() + b")>>", page=b"/Annots[6 0 R]"), kind)
    yield attached("pdf, form field", "letter.pdf", _page(clean, b"", b"<</Type/Annot/Subtype/Widget/FT/Tx/T(n)/V(" + TEXT.encode() + b")/Rect[0 0 9 9]>>", page=b"/Annots[6 0 R]"), kind)
    attachment = zlib.compress(TEXT.encode())
    yield attached("pdf, attached file", "letter.pdf", _page(clean, b"", b"<</Type/EmbeddedFile/Filter/FlateDecode/Length %d>>stream\n" % len(attachment) + attachment + b"\nendstream", b"<</Type/Filespec/F(note.txt)/EF<</F 6 0 R>>>>", catalog=b"/Names<</EmbeddedFiles<</Names[(note.txt)7 0 R]>>>>"), kind)
    yield attached("pdf with a password", "letter.pdf", _page(shown, b"", b"<</Filter/Standard/V 1/R 2/O(" + b"o" * 32 + b")/U(" + b"u" * 32 + b")/P -4>>", trailer=b"/Encrypt 6 0 R/ID[<00><00>]"), kind)
    yield attached("pdf, glyphs of a font of its own", "letter.pdf", _page(b"BT /F 12 Tf 50 700 Td <0001000200030004000500060007> Tj ET", b"", b"<</Type/Font/Subtype/CIDFontType2/BaseFont/ABCDEF+Own>>", font=b"<</Type/Font/Subtype/Type0/BaseFont/ABCDEF+Own/Encoding/Identity-H/DescendantFonts[6 0 R]>>"), kind)
    yield attached("pdf behind rubbish", "letter.pdf", b"\0" * 600 + _page(packed, b"/Filter/FlateDecode"), kind)
    yield attached("pdf called text", "letter.txt", _page(packed, b"/Filter/FlateDecode"), "text/plain")
    yield attached("pdf cut off", "letter.pdf", _page(packed, b"/Filter/FlateDecode")[:-300], kind)


def _rtf() -> Iterator[tuple[str, bytes]]:
    def rtf(name: str, inner: str) -> tuple[str, bytes]:
        return attached(f"rtf, {name}", "letter.rtf", ("{\\rtf1\\ansi\\ansicpg1252 " + inner + "}").encode("latin-1"), "application/rtf")

    yield rtf("text", TEXT)
    yield rtf("hexadecimal escapes", "NHS number " + "".join(f"\\'{ord(d):02x}" for d in DIGITS))
    yield rtf("characters by number", "NHS number " + "".join(f"\\u{ord(d)}?" for d in DIGITS))
    yield rtf("groups in the number", "NHS number " + "".join(f"{{\\b {d}}}" for d in DIGITS))
    yield rtf("hidden text", "{\\v " + TEXT + "}")
    yield rtf("title", "{\\info{\\title " + TEXT + "}}As discussed")
    yield rtf("note", "As discussed{\\*\\annotation " + TEXT + "}")
    yield rtf("header", "{\\header " + TEXT + "}As discussed")
    yield rtf("binary inside", "NHS number \\bin3 abc" + NUMBER)
    yield rtf("object inside", "{\\object{\\*\\objdata " + TEXT.encode().hex() + "}}As discussed")
    yield attached("rtf called a Word file", "letter.doc", ("{\\rtf1 " + TEXT + "}").encode(), "application/msword")
