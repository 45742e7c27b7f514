"""Side by side with floors and peers, on the lab; whole processes, alternating."""
