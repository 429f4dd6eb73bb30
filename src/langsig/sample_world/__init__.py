"""Eight invented languages with a known family tree, for tests and the demo.

``python -m langsig.sample_world samples`` writes them; the modules read in this order:

====================  =====================================================================
``concepts``          what can be talked about: topics, nouns, verbs, who does what to what
``sounds``            phonemes, sound changes, the shapes of roots
``scripts``           from phonemes to letters, and the ideographs of the logographic language
``profiles``          the family tree and the typology of each language
``lexicon``           roots and affixes, inherited, replaced and changed along the tree
``meaning``           what a sentence says, in no language
``grammar``           the same said in a language: a dependency tree
``sentences``         trees to running text and CoNLL-U
``world``             all languages, their corpora and treebanks
``files``             what is written where
====================  =====================================================================
"""

from langsig.sample_world.files import write
from langsig.sample_world.world import World, generate

__all__ = ["World", "generate", "write"]
