"""`python -m qa.cli` is `qa`."""

import sys

from qa.cli import main

sys.exit(main())
