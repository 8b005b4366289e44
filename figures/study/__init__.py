"""A blinded study of pictures: grids without names, answers of people and of models, and what the answers say."""
