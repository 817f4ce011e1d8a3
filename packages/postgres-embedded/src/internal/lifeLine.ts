/**
 * Ties a server to the process that started it: when the owner dies, however
 * it dies, the server is stopped.
 *
 * The owner holds one end of a pipe; a watcher of a few kilobytes (`sh`) reads
 * the other end. A line means that the owner let go by itself; end of file
 * without a line means that the owner is dead: then the watcher sends SIGINT
 * (fast shutdown), after 5 s SIGQUIT (immediate), after 10 s SIGKILL, and
 * removes the folder of a throw-away cluster.
 *
 * The watcher is forked twice, so it is no child of the server (which treats
 * the death of an unknown child as a crash), and the shell then becomes the
 * server by `exec`: its process id is the server's. Pipe ends are close-on-exec,
 * so no other child of the owner keeps the line open.
 */

/** File descriptor of the read end in the child. */
export const descriptor = 3

/** What the owner writes to let go. */
export const farewell = "x\n"

const script = `
doomed=$1; shift
(
  (
    trap '' HUP INT TERM
    if read -r _ <&${descriptor}; then exit 0; fi
    kill -INT $$ || exit 0
    n=0
    while kill -0 $$; do
      n=$((n + 1))
      [ $n -eq 50 ] && kill -QUIT $$
      [ $n -eq 100 ] && kill -KILL $$
      [ $n -eq 120 ] && break
      sleep 0.1
    done
    cd / && [ -n "$doomed" ] && rm -rf -- "$doomed"
  ) </dev/null >/dev/null 2>&1 &
) 
exec "$@" ${descriptor}<&-
`

/** Wraps a command; `doomed` is a folder to remove after the owner's death, or empty. */
export const wrap = (
  options: { readonly command: string; readonly args: ReadonlyArray<string>; readonly doomed: string }
): { readonly command: string; readonly args: ReadonlyArray<string> } => ({
  command: "/bin/sh",
  args: ["-c", script, "millrace-postgres", options.doomed, options.command, ...options.args]
})
