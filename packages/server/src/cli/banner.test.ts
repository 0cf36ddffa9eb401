import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { type BannerFacts, bannerText } from "./banner.ts";

const FACTS: BannerFacts = {
	version: "1.2.3",
	addresses: [
		{ protocol: "rtmp", host: "::", port: 1935 },
		{ protocol: "http", host: "::", port: 8080 },
	],
	localAddresses: ["192.0.2.7", "2001:db8::7"],
	application: "live",
	publishFrom: "loopback",
	key: { madeNow: "ABCDEFGHJKLMNPQRSTUVWXYZ", keptIn: "millrace-data/publish-key" },
	demo: false,
};

describe("the banner", () => {
	it("gives Server and Stream Key for this machine and, with the key just made, for others", () => {
		expect(bannerText(FACTS, false)).toBe(`
  Millrace 1.2.3

  Publish      Server      rtmp://localhost/live
               Stream Key  my-stream              or any other name

  from others  Server      rtmp://192.0.2.7/live
               Stream Key  my-stream?key=ABCDEFGHJKLMNPQRSTUVWXYZ
                           made just now, kept in millrace-data/publish-key

  Watch        http://localhost:8080/live/my-stream  in a browser
               rtmp://localhost/live/my-stream       in VLC, mpv, ffplay

  Ctrl+C stops the server.

`);
	});

	it("says where a key is that was made earlier, and does not show it", () => {
		const text = bannerText({ ...FACTS, key: { madeNow: undefined, keptIn: "data/publish-key" } }, false);
		expect(text).toContain("Stream Key  my-stream?key=…\n                           the key is in data/publish-key\n");
	});

	it("asks everyone for the key where nobody may publish without one", () => {
		const text = bannerText({ ...FACTS, publishFrom: "nowhere" }, false);
		expect(text.match(/Server/g)).toHaveLength(1);
		expect(text).toContain("rtmp://192.0.2.7/live\n               Stream Key  my-stream?key=ABC");
	});

	it("speaks of no key where everyone may publish", () => {
		const text = bannerText({ ...FACTS, publishFrom: "anywhere", key: undefined }, false);
		expect(text).not.toContain("key=");
		expect(text).toContain("rtmp://192.0.2.7/live");
	});

	it("names the address that is listened on, and nothing for others where that is this machine's own", () => {
		const own = FACTS.addresses.map(address => ({ ...address, host: "127.0.0.1", port: address.port + 1 }));
		const text = bannerText({ ...FACTS, addresses: own }, false);
		expect(text).toContain("rtmp://127.0.0.1:1936/live");
		expect(text).not.toContain("from others");
		const six = FACTS.addresses.map(address => ({ ...address, host: "2001:db8::1" }));
		expect(bannerText({ ...FACTS, addresses: six }, false)).toContain("rtmp://[2001:db8::1]/live");
	});

	it("offers an IPv4 listener's address to others only as IPv4", () => {
		const addresses = [{ protocol: "rtmp", host: "0.0.0.0", port: 1935 }] as const;
		const text = bannerText({ ...FACTS, addresses, localAddresses: ["2001:db8::7"] }, false);
		expect(text).not.toContain("2001:db8::7");
	});

	it("points at the test stream and the file on demand when there are", () => {
		const text = bannerText({ ...FACTS, demo: true }, false);
		expect(text).toContain("Watch        http://localhost:8080/live/demo  in a browser\n");
		expect(text).toContain("On demand    http://localhost:8080/vod/sample  in a browser\n");
		expect(bannerText(FACTS, false)).not.toContain("On demand");
	});

	it("leaves out what has no listener", () => {
		const text = bannerText({ ...FACTS, addresses: FACTS.addresses.slice(1) }, false);
		expect(text).not.toContain("rtmp://");
		expect(text).toContain("Watch        http://localhost:8080/live/my-stream  in a browser\n");
	});

	it("fits into 80 columns, and has colours only where asked", () => {
		expect(bannerText(FACTS, true)).toContain("\x1b[1;36mMillrace");
		const plain = bannerText(FACTS, false);
		expect(Math.max(...plain.split("\n").map(line => line.length))).toBeLessThanOrEqual(80);
		expect(plain).not.toContain("\x1b");
		expect(stripVTControlCharacters(bannerText(FACTS, true))).toBe(plain);
	});
});
