import { z } from "zod";
import { section } from "./section.ts";

const certificateSchema = z
	.strictObject({
		cert: z.string().min(1).describe("The file of the certificate and its chain, PEM."),
		key: z.string().min(1).describe("The file of its private key, PEM, without a password."),
	})
	.describe("One certificate.");

/** TLS for `rtmps` and `https`. */
export const tlsSchema = section("TLS for `rtmps` and `https`. Without a certificate no TLS is spoken.", {
	certificates: z
		.array(certificateSchema)
		.default([])
		.describe(
			"Certificates, each with its key. A client gets the one that is for the name it asks for, otherwise the first. Changed files are read again within seconds, or at once on SIGHUP.",
		),
	selfSigned: z
		.boolean()
		.default(false)
		.describe(
			"Whether the server makes a certificate itself where none is named, and keeps it in `dataDir` (`tls-certificate.pem`, `tls-key.pem`). Clients must be told to trust it.",
		),
	minVersion: z.enum(["TLSv1.2", "TLSv1.3"]).default("TLSv1.2").describe("The oldest version of TLS that is spoken."),
	maxVersion: z
		.enum(["TLSv1.2", "TLSv1.3"])
		.default("TLSv1.3")
		.describe("The newest version of TLS that is spoken. Programs with librtmp and GnuTLS (rtmpdump) need `TLSv1.2`."),
});
