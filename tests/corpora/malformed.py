"""Malformed treebanks and texts, made by rules from well-formed ones."""

import gzip
import lzma
from collections.abc import Callable, Iterator
from random import Random

Change = Callable[[bytes, Random], bytes]
_LINE = 40_000


def row(number: str, form: str = "word", feats: str = "Number=Sing", misc: str = "_") -> str:
    """A line of CoNLL-U."""
    return "\t".join([number, form, form, "NOUN", "_", feats, "0", "root", "_", misc])


WELL_FORMED = (
    "# newdoc id = d\n# sent_id = 1\n# text = Du hund naïve 東京.\n"
    + "\n".join(
        [row("1-2", "Du", "_"), *map(row, "12"), row("2.1"), row("3", "naïve"), row("4", "東京")]
    )
    + "\n\n# sent_id = 2\n# text = Ja.\n"
    + "\n".join([row("1", "Ja", misc="SpaceAfter=No"), row("2", ".", "_")])
    + "\n\n"
).encode()


def _replaced(old: str, new: str) -> Change:
    def change(content: bytes, random: Random) -> bytes:
        places = content.count(old.encode())
        before = content.split(old.encode())
        at = random.randrange(places) + 1 if places else 0
        kept, rest = before[:at], before[at:]
        return old.encode().join(kept) + (new.encode() if at else b"") + old.encode().join(rest)

    return change


def _encoded(encoding: str) -> Change:
    return lambda content, random: content.decode().encode(encoding, "replace")


def _inserted(piece: bytes) -> Change:
    def change(content: bytes, random: Random) -> bytes:
        at = random.randrange(len(content) + 1)
        return content[:at] + piece + content[at:]

    return change


def _truncated(content: bytes, random: Random) -> bytes:
    return content[: random.randrange(len(content))]


def _shuffled(content: bytes, random: Random) -> bytes:
    lines = content.splitlines(keepends=True)
    random.shuffle(lines)
    return b"".join(lines)


def _without_line(content: bytes, random: Random) -> bytes:
    lines = content.splitlines(keepends=True)
    lines.pop(random.randrange(len(lines)))
    return b"".join(lines)


def _line_twice(content: bytes, random: Random) -> bytes:
    lines = content.splitlines(keepends=True)
    at = random.randrange(len(lines))
    return b"".join([*lines[:at], lines[at], *lines[at:]])


def _flipped(content: bytes, random: Random) -> bytes:
    at = random.randrange(len(content))
    return content[:at] + bytes([random.randrange(256)]) + content[at + 1 :]


CHANGES: dict[str, Change] = {
    "nothing": lambda content, random: content,
    "truncated": _truncated,
    "a byte changed": _flipped,
    "lines in another order": _shuffled,
    "a line less": _without_line,
    "a line twice": _line_twice,
    "all twice": lambda content, random: content * 2,
    "empty": lambda content, random: b"",
    "blank": lambda content, random: b"\n \n\t\n",
    "comments only": lambda content, random: b"# text = a\n\n#\n# \n",
    "zero width": lambda content, random: "\u200b\n\ufeff\u2060\n".encode(),
    # Columns.
    "a column less": _replaced("\t_\n", "\n"),
    "a column more": _replaced("\t_\n", "\t_\t_\n"),
    "spaces for tabs": _replaced("\t", "  "),
    "two tabs": _replaced("\t", "\t\t"),
    "an empty column": _replaced("\tword\t", "\t\t"),
    "spaces in a column": _replaced("\tword\t", "\t \t"),
    "columns named": _inserted(b"# global.columns = ID FORM UPOS FEATS\n"),
    "columns unnamed": lambda content, random: b"# global.columns =\n" + content,
    "columns lacking": lambda content, random: b"# global.columns = ID LEMMA\n" + content,
    "columns twice": lambda content, random: b"# global.columns = ID ID FORM UPOS\n" + content,
    # Numbers of words.
    "a gap": _replaced("3\tna", "5\tna"),
    "from zero": _replaced("1\t", "0\t"),
    "descending": _replaced("2\tword", "1\tword"),
    "no number": _replaced("1\tword", "_\tword"),
    "a huge number": _replaced("1\tword", "9" * 5_000 + "\tword"),
    "a huge range": _replaced("1-2", "1-" + "9" * 5_000),
    "a negative number": _replaced("1\tword", "-1\tword"),
    "a number with a point": _replaced("1\tword", "1.\tword"),
    "digits of another script": _replaced("1\tword", "١\tword"),
    "a range backwards": _replaced("1-2", "2-1"),
    "ranges that overlap": _replaced(row("2"), row("2-3") + "\n" + row("2")),
    "a range twice": _replaced(row("1"), row("1-2") + "\n" + row("1")),
    "a range beyond the end": _replaced("1-2", "1-9"),
    "an empty node first": _replaced(row("1"), row("0.1") + "\n" + row("1")),
    "an empty node too early": _replaced("2.1", "7.1"),
    "empty nodes only": lambda content, random: row("0.1").encode(),
    # Relations do not matter.
    "a cycle": _replaced("\t0\troot", "\t1\tdep"),
    "a head beyond": _replaced("\t0\troot", "\t99\tdep"),
    "sentences with one id": _replaced("sent_id = 2", "sent_id = 1"),
    "no text": _replaced("# text = Ja.\n", ""),
    # Features.
    "no value": _replaced("Number=Sing", "Number="),
    "no name": _replaced("Number=Sing", "=Sing"),
    "no sign": _replaced("Number=Sing", "Number"),
    "several signs": _replaced("Number=Sing", "Number==Sing=Plur"),
    "a bar too many": _replaced("Number=Sing", "Number=Sing||Case=Nom|"),
    "features twice": _replaced("Number=Sing", "Number=Sing|Number=Plur,,Sing"),
    "spaces in features": _replaced("Number=Sing", " number = sing | Case=Nom "),
    "layers": _replaced("Number=Sing", "Number[psor]=Sing,None|Person[psor]=9|X[[=]"),
    # Characters.
    "a zero byte": _inserted(b"\0"),
    "many zero bytes": _inserted(b"\0" * 40),
    "a control character": _inserted(b"\x1b\x07\x0b\x0c\x1c\x85"),
    "a form feed between lines": _replaced("\n", "\n\x0c\n"),
    "separators of lines": _inserted("\u2028\u2029\u0085".encode()),
    "a mark of byte order at the start": lambda content, random: b"\xef\xbb\xbf" + content,
    "a mark of byte order anywhere": _inserted(b"\xef\xbb\xbf"),
    "half a character": _inserted("東".encode()[:2]),
    "a surrogate": _inserted(b"\xed\xa0\x80"),
    "beyond Unicode": _inserted(b"\xf4\x90\x80\x80"),
    "marks without letters": _inserted("\u0301\ufe0f\u200d\U000e0100".encode()),
    "Latin-1": _encoded("latin-1"),
    "Windows": _encoded("cp1252"),
    "Shift JIS": _encoded("shift_jis"),
    "UTF-16": _encoded("utf-16"),
    "UTF-16 without mark": _encoded("utf-16-le"),
    "UTF-16 the other way": _encoded("utf-16-be"),
    "UTF-32": _encoded("utf-32"),
    "UTF-8 twice": lambda content, random: content.decode("latin-1").encode(),
    # Lines.
    "Windows lines": lambda content, random: content.replace(b"\n", b"\r\n"),
    "Mac lines": lambda content, random: content.replace(b"\n", b"\r"),
    "mixed lines": _replaced("\n", "\r\r\n"),
    "no last line end": lambda content, random: content.rstrip(b"\n"),
    "no blank line": _replaced("\n\n", "\n"),
    "blank lines": _replaced("\n", "\n \u3000\n"),
    "a huge line": _inserted(b"x" * _LINE),
    "a huge form": _replaced("\tword\t", "\t" + "long " * (_LINE // 5) + "\t"),
    "many columns": _replaced("\t_\n", "\t_" * (_LINE // 10) + "\n"),
    "many features": _replaced("Number=Sing", "|".join(["A=b"] * (_LINE // 10))),
    # Other kinds of files.
    "markup": lambda content, random: b"<!DOCTYPE html><html><body>404</body></html>",
    "compressed": lambda content, random: gzip.compress(content),
    "compressed and cut off": lambda content, random: lzma.compress(content)[:-9],
    "noise": lambda content, random: random.randbytes(4_000),
    "a pointer": lambda content, random: (
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"
    ),
}


def malformed(seed: int) -> Iterator[tuple[str, bytes]]:
    """Every change, alone and together with a second one drawn at random; names and contents."""
    random = Random(seed)
    for name, change in CHANGES.items():
        content = change(WELL_FORMED, random)
        yield name, content
        other = random.choice(list(CHANGES))
        if content and not other.startswith(("Latin", "Win", "Shift", "UTF")):
            yield f"{name}, {other}", CHANGES[other](content, random)
