"""Files that people write: YAML read strictly, with every mistake at its line"""
