"""Read items from CSV files as spreadsheets and programs write them: bytes, text, rows, columns, fields."""
