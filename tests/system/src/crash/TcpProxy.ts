/**
 * A TCP proxy before a PostgreSQL server that does to connections what networks do: silence, resets, cuts, delays, and
 * replies that never arrive.
 *
 * It knows of each connection the `application_name` and whether it listens, from the bytes that the client sends.
 */
import { Effect } from "effect"
import type { Server, Socket } from "node:net"
import { connect, createServer } from "node:net"

/** What happens to the bytes of a connection. */
export type Mode =
  /** They pass. */
  | { readonly _tag: "Pass" }
  /** They vanish, both ways; neither side hears that the other has closed. */
  | { readonly _tag: "Silent" }
  /** They pass to the server; its replies are dropped. */
  | { readonly _tag: "HoldReplies" }
  /** They pass so much later. */
  | { readonly _tag: "Delay"; readonly millis: number }
  /** After so many further bytes of the server the connection is reset. */
  | { readonly _tag: "CutAfter"; readonly bytes: number }

/** A connection through the proxy. */
export interface Connection {
  readonly number: number
  readonly openedMillis: number
  /** `application_name`; empty until it is known. */
  name: string
  /** It has sent LISTEN. */
  isListener: boolean
  mode: Mode
  readonly client: Socket
  readonly server: Socket
}

/** A running proxy. */
export interface TcpProxy {
  readonly port: number
  /** The open connections, oldest first. */
  readonly connections: () => ReadonlyArray<Connection>
  readonly set: (connection: Connection, mode: Mode) => void
  /** Resets a connection at once, on both sides. */
  readonly reset: (connection: Connection) => void
  /** Called for every chunk that a client sends, before it is passed on: a test may change the mode there. */
  onClientBytes: (connection: Connection, bytes: Buffer) => void
}

/** Starts a proxy on any free port; it ends with the scope. */
export const make = (target: { readonly host: string; readonly port: number }) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly proxy: TcpProxy; readonly close: () => void }>((resume) => {
      const state: State = { open: new Set(), count: 0, onClientBytes: () => undefined }
      const server = createServer((client) => accept(state, client, connect(target.port, target.host)))
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(toProxy(state, server))))
    }),
    ({ close }) => Effect.sync(close)
  ).pipe(Effect.map(({ proxy }) => proxy))

interface State {
  readonly open: Set<Connection>
  count: number
  onClientBytes: TcpProxy["onClientBytes"]
}

const toProxy = (state: State, server: Server): { readonly proxy: TcpProxy; readonly close: () => void } => {
  const address = server.address()
  const proxy: TcpProxy = {
    port: typeof address === "object" && address !== null ? address.port : 0,
    connections: () => [...state.open],
    set: (connection, mode) => void (connection.mode = mode),
    reset,
    set onClientBytes(listen) {
      state.onClientBytes = listen
    },
    get onClientBytes() {
      return state.onClientBytes
    }
  }
  const close = () => {
    server.close()
    for (const connection of state.open) reset(connection)
  }
  return { proxy, close }
}

const reset = ({ client, server }: Connection): void => {
  client.resetAndDestroy()
  server.resetAndDestroy()
}

const accept = (state: State, client: Socket, server: Socket): void => {
  const connection: Connection = {
    number: state.count++,
    openedMillis: performance.now(),
    name: "",
    isListener: false,
    mode: { _tag: "Pass" },
    client,
    server
  }
  state.open.add(connection)
  client.setNoDelay(true)
  server.setNoDelay(true)
  client.on("data", (bytes) => {
    learn(connection, bytes)
    state.onClientBytes(connection, bytes)
    forward(connection, server, bytes, "client")
  })
  server.on("data", (bytes) => forward(connection, client, bytes, "server"))
  const end = (other: Socket) => () => {
    state.open.delete(connection)
    // A silent network tells nobody that the other side is gone.
    if (connection.mode._tag !== "Silent" && connection.mode._tag !== "HoldReplies") other.destroy()
  }
  client.on("close", end(server)).on("error", () => undefined)
  server.on("close", end(client)).on("error", () => undefined)
}

/** The name stands in the start-up message; LISTEN is told by its text. */
const learn = (connection: Connection, bytes: Buffer): void => {
  if (connection.name === "") {
    connection.name = /application_name\0([^\0]*)\0/.exec(bytes.toString("latin1", 0, 2_000))?.[1] ?? ""
  }
  if (!connection.isListener && bytes.includes("LISTEN \"")) connection.isListener = true
}

const forward = (connection: Connection, to: Socket, bytes: Buffer, from: "client" | "server"): void => {
  const { mode } = connection
  switch (mode._tag) {
    case "Pass":
      to.write(bytes)
      return
    case "Silent":
      return
    case "HoldReplies":
      if (from === "client") to.write(bytes)
      return
    case "Delay":
      setTimeout(() => to.write(bytes), mode.millis)
      return
    case "CutAfter":
      cut(connection, mode.bytes, to, bytes, from)
  }
}

const cut = (
  connection: Connection,
  left: number,
  to: Socket,
  bytes: Buffer,
  from: "client" | "server"
): void => {
  if (from === "client") return void to.write(bytes)
  if (bytes.length < left) {
    connection.mode = { _tag: "CutAfter", bytes: left - bytes.length }
    to.write(bytes)
    return
  }
  to.write(bytes.subarray(0, left), () => reset(connection))
}
