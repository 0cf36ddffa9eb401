import { createPrivateKey, X509Certificate } from "node:crypto";
import { createSecureContext } from "node:tls";
import { describe, expect, it } from "vitest";
import { makeSelfSigned } from "./self-signed.ts";

const DAY = 86_400_000;

describe("a self-signed certificate", () => {
	it("is for its names and addresses, and signed by its own key", () => {
		const { certificate, key } = makeSelfSigned(["media.example", "127.0.0.1", "2001:db8::1", "::1"], Date.now());
		const read = new X509Certificate(certificate);
		expect(read.checkHost("media.example")).toBe("media.example");
		expect(read.checkHost("other.example")).toBeUndefined();
		for (const address of ["127.0.0.1", "2001:db8::1", "::1"]) expect(read.checkIP(address)).toBeDefined();
		expect(read.subject).toBe("CN=media.example");
		expect(read.verify(read.publicKey)).toBe(true);
		expect(read.checkPrivateKey(createPrivateKey(key))).toBe(true);
		expect(read.ca).toBe(true);
		expect(read.keyUsage).toEqual(["1.3.6.1.5.5.7.3.1"]);
		expect(() => createSecureContext({ cert: certificate, key })).not.toThrow();
	});

	it.each([Date.UTC(2026, 0, 1), Date.UTC(2049, 6, 1), Date.UTC(2055, 0, 1)])(
		"holds from the day before %d for 397",
		now => {
			const read = new X509Certificate(makeSelfSigned(["localhost"], now).certificate);
			expect(Date.parse(read.validFrom)).toBe(now - DAY);
			expect(Date.parse(read.validTo)).toBe(now + 397 * DAY);
		},
	);

	it("has a serial number of its own, positive and of at most 20 bytes", () => {
		const numbers = Array.from(
			{ length: 8 },
			() => new X509Certificate(makeSelfSigned(["a"], 0).certificate).serialNumber,
		);
		expect(new Set(numbers).size).toBe(8);
		for (const number of numbers) expect(number).toMatch(/^[4-7][0-9A-F]{31}$/);
	});

	it("may have many names", () => {
		const names = Array.from({ length: 40 }, (_, i) => `host-${i}.example`);
		expect(
			new X509Certificate(makeSelfSigned(names, Date.now()).certificate).checkHost("host-39.example"),
		).toBeDefined();
	});
});
