"""Mini-records: what the analysis needs of each burst, as three Parquet tables anybody can read."""
