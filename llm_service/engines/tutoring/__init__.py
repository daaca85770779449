"""What the rule-based tutor knows: words, mistakes, topics, people and manners. Pure: no I/O, no clock."""
