"""The paper's other paradigms on pictures: activation maximisation, prompts, search; each a `Method`."""
