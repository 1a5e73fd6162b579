"""What the vendor's API document says: six doors, each with a room behind it.

`load` bytes (loading), `fetch` them from an address (fetching), read them `apart` in a child process (isolated),
`measure` (describing, measuring, graphql, proposing), `scaffold` a starter project (starter), `trial` it (trials).
"""
