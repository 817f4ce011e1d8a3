/**
 * The trace of a request's caller, for servers that have no tracer of their own: without spans of the server in between,
 * the jobs that it creates belong to the span of the caller.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpTraceContext from "effect/http/HttpTraceContext"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

/**
 * Goes on with the trace that the request names (`traceparent`, or B3), unless a tracer of the server has done so already.
 *
 * @stability unstable
 * @category tracing
 * @since 0.1.0
 */
export const continued = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R | HttpServerRequest.HttpServerRequest> =>
  Effect.flatMap(
    Effect.serviceOption(Tracer.ParentSpan),
    (own) =>
      Effect.flatMap(HttpServerRequest.HttpServerRequest, ({ headers }) => {
        const span = Option.isSome(own) ? Option.none() : HttpTraceContext.fromHeaders(headers)
        return Option.isSome(span) ? Effect.provideService(effect, Tracer.ParentSpan, span.value) : effect
      })
  )
