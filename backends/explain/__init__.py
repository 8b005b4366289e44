"""Pictures that explain one feature: the job, its sources, its command."""
