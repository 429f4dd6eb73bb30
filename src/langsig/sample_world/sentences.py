"""Turn dependency trees into running text and CoNLL-U."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from langsig.sample_world.grammar import Node
from langsig.sample_world.lexicon import Language
from langsig.sample_world.sounds import evolve


@dataclass(frozen=True)
class Sentence:
    """A sentence as running text and as rows of a treebank."""

    text: str
    lines: tuple[str, ...]
    """Rows of CoNLL-U."""
    words: int
    """Number of words."""

    def conllu(self, sent_id: str) -> str:
        """The sentence in CoNLL-U, with comments and the final empty line."""
        return "\n".join([f"# sent_id = {sent_id}", f"# text = {self.text}", *self.lines, "", ""])


def write_sentence(root: Node, language: Language) -> Sentence:
    """Turn a tree into text and rows of CoNLL-U."""
    words = list(_in_order(root))
    if language.script.capitals:
        words[0].form = words[0].form[:1].upper() + words[0].form[1:]
    numbers = {id(node): number for number, node in enumerate(words, start=1)}
    heads = {id(child): numbers[id(node)] for node in words for child in (*node.left, *node.right)}
    enhanced = _enhanced(words, numbers, heads) if language.profile.gapping else {}
    fused_with_previous = False
    text = ""
    lines = []
    for number, node in enumerate(words, start=1):
        following = words[number] if number < len(words) else None
        spaced = _space_follows(following, language)
        misc = "_" if spaced else "SpaceAfter=No"
        contraction = None
        if language.profile.contraction and following is not None:
            contraction = _contraction(node, following, language)
        if contraction is not None:
            after = words[number + 1] if number + 1 < len(words) else None
            spaced = _space_follows(after, language)
            range_misc = "_" if spaced else "SpaceAfter=No"
            lines.append("\t".join([f"{number}-{number + 1}", contraction, *"_______", range_misc]))
            text += contraction + (" " if spaced else "")
            misc = "_"
        elif fused_with_previous:
            misc = "_"
        else:
            text += node.form + (" " if spaced else "")
        fused_with_previous = contraction is not None
        deps = enhanced.get(number, "_")
        lines.append(_line(str(number), node, str(heads.get(id(node), 0)), node.deprel, deps, misc))
        if node.elided is not None:
            deps = f"{heads[id(node)]}:conj"
            lines.append(_line(f"{number}.1", node.elided, "_", "_", deps, "_"))
    return Sentence(text.strip(), tuple(lines), len(words))


def _in_order(node: Node) -> Iterator[Node]:
    for child in node.left:
        yield from _in_order(child)
    yield node
    for child in node.right:
        yield from _in_order(child)


def _space_follows(following: Node | None, language: Language) -> bool:
    if following is None:
        # The space after the last word does not matter, since the text is stripped.
        return language.script.spaces
    return language.script.spaces and following.upos != "PUNCT"


def _contraction(node: Node, following: Node, language: Language) -> str | None:
    """The contraction of an adposition with a following definite article, or None."""
    if node.upos != "ADP" or following.feats.get("Definite") != "Def":
        return None
    form = language.script.spell(evolve(node.sounds + following.sounds, language.changes))
    return form.capitalize() if node.form[:1].isupper() else form


def _enhanced(words: list[Node], numbers: dict[int, int], heads: dict[int, int]) -> dict[int, str]:
    """Enhanced dependencies of each word: the basic tree with elided verbs restored."""
    graph = {}
    for node in words:
        number = numbers[id(node)]
        graph[number] = f"{heads.get(id(node), 0)}:{node.deprel}"
    for node in words:
        if node.elided is not None:
            number = numbers[id(node)]
            graph[number] = f"{number}.1:nsubj"
            for child in (*node.left, *node.right):
                if child.deprel == "orphan":
                    graph[numbers[id(child)]] = f"{number}.1:obj"
                elif child.deprel == "cc":
                    graph[numbers[id(child)]] = f"{number}.1:cc"
    return graph


def _line(number: str, node: Node, head: str, deprel: str, deps: str, misc: str) -> str:
    # Universal Dependencies sorts features alphabetically, ignoring case.
    pairs = sorted(node.feats.items(), key=lambda pair: pair[0].lower())
    feats = "|".join(f"{name}={value}" for name, value in pairs) or "_"
    columns = [number, node.form, node.lemma, node.upos, "_", feats, head, deprel, deps, misc]
    return "\t".join(columns)
