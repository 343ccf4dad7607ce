"""Spreadsheets: people, accounts and the register of apps from CSV and xlsx files.

``tables.open_table`` → ``mapping.suggest_mapping`` and ``mapping.check_mapping`` → ``reading.read`` →
``writing.failed_rows_file``.
"""
