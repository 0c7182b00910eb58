"""Maps the files of a real Czech bank (PKDD'99) to feeds of four lines; docs/berka.md has the mapping."""
