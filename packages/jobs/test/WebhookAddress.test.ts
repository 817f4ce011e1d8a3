import { assert, describe, it } from "@effect/vitest"
import * as WebhookAddress from "../src/WebhookAddress.ts"

describe("WebhookAddress", () => {
  it("F75: takes no address of this machine, of private networks, of a cloud's metadata, or that hides one of them", () => {
    const inner = [
      "127.0.0.1",
      "127.8.8.8",
      "0.0.0.0",
      "10.1.2.3",
      "172.16.0.1",
      "172.31.255.255",
      "192.168.1.1",
      "169.254.169.254",
      "100.64.0.1",
      "198.18.0.1",
      "224.0.0.1",
      "255.255.255.255",
      "::",
      "::1",
      "::ffff:127.0.0.1",
      "::ffff:a9fe:a9fe",
      "64:ff9b::a00:1",
      "2002:7f00:1::",
      "2001:0:1::1",
      "fc00::1",
      "fd00:ec2::254",
      "fe80::1",
      "fe80::1%eth0",
      "ff02::1",
      "localhost",
      ""
    ]
    assert.deepStrictEqual(inner.filter(WebhookAddress.isPublic), [])
  })

  it("takes public addresses", () => {
    for (const address of ["1.1.1.1", "172.32.0.1", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450:4001::1"]) {
      assert.isTrue(WebhookAddress.isPublic(address), address)
    }
  })

  it("F75: sees the address in every way to write it in a URL", () => {
    const urls = ["http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/", "http://127.1/", "http://[::1]:80/"]
    for (const url of urls) {
      const literal = WebhookAddress.literalOf(new URL(url))
      assert.isNotNull(literal, url)
      assert.isFalse(WebhookAddress.isPublic(literal ?? ""), url)
    }
    assert.isNull(WebhookAddress.literalOf(new URL("https://example.com/")))
  })
})
