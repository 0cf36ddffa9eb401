import { describe, expect, it } from "vitest";
import { parseHostPort } from "./host-port.ts";

const PORTS: [text: string, ports: string | undefined][] = [
	[":1935,80", ":1935 :80"],
	[":1935,80,-443", ":1935 :80 :443s"],
	[" 127.0.0.1:1935, 80 , 443 ", "127.0.0.1:1935 127.0.0.1:80 127.0.0.1:443"],
	["127.0.0.1", "127.0.0.1:1935"],
	["127.0.0.1:", "127.0.0.1:1935"],
	["", ":1935"],
	["[::1]:1935", "::1:1935"],
	["[::]", ":::1935"],
	[":-443", ":443s"],
	[":1935,80,", ":1935 :80"],
	[":1935-1940", undefined],
	[":99999", undefined],
	[":rtmp", undefined],
	["a b:1935", undefined],
];

describe("HostPort", () => {
	for (const [text, ports] of PORTS) {
		it(`${JSON.stringify(text)} is ${ports ?? "none"}`, () => {
			const found = parseHostPort(text)?.map(({ host, port, secure }) => `${host}:${port}${secure ? "s" : ""}`);
			expect(found?.join(" ")).toBe(ports);
		});
	}
});
