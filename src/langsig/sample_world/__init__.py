"""Eight invented languages with a known family tree, for tests and the demo.

``python -m langsig.sample_world samples`` writes them. Read the modules in this order:

====================  =====================================================================
``concepts``          topics, nouns and verbs, and which of them occur together
``sounds``            phonemes, sound changes, and the shapes of roots
``scripts``           letters of phonemes, and ideographs of the logographic language
``profiles``          the family tree and the typology of each language
``lexicon``           roots and affixes, inherited, replaced and changed along the tree
``meaning``           meanings of sentences, independent of a language
``grammar``           dependency trees of these meanings in a language
``sentences``         running text and CoNLL-U of the trees
``world``             all languages with their corpora and treebanks
``files``             the files of the sample
====================  =====================================================================
"""

from langsig.sample_world.files import write
from langsig.sample_world.world import World, generate

__all__ = ["World", "generate", "write"]
