"""Plans of assignment: the whole book placed at the least cost, shown before it is applied."""
