"""``python -m langsig`` is the ``langsig`` command."""

import sys

from langsig.commands import main

sys.exit(main())
