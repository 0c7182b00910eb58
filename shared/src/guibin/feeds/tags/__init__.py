"""Files that give customers the values of a tag from outside."""
