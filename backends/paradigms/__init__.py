"""All methods of the paper's Table 1 on pictures, each a `Method`, and their comparison at equal activation."""
