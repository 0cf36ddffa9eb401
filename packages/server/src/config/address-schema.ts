import { z } from "zod";
import { isNetwork } from "../net/index.ts";
import { section } from "./section.ts";

const networks = z
	.array(z.string().refine(isNetwork, { error: "must be an address or a network such as 10.0.0.0/8" }))
	.default([]);

/** From where connections are taken. */
export const addressSchema = section(
	"From which addresses connections are taken. A connection from another is closed.",
	{
		allow: networks.describe("Addresses and networks (`192.0.2.7`, `10.0.0.0/8`) that may connect; none means all."),
		deny: networks.describe("Addresses and networks that may not, also where `allow` has them."),
	},
);
