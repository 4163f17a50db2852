"""Networks: an encoder and a decoder put together, what training learns, and what a run folder becomes when it is loaded."""
