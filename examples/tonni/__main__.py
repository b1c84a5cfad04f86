"""All studies, or some: ``python examples/tonni --size full --jobs 2 --output DIR``."""

import importlib

from study import main

NAMES = [f"figure_{i:02}" for i in range(2, 12)] + [f"table_{i:02}" for i in range(2, 6)]

if __name__ == "__main__":
    main([importlib.import_module(name).STUDY for name in NAMES])
