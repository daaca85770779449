"""Other systems behind the same load, in an environment of their own. Nothing here may import Parley."""
