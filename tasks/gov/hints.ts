import type { DecodedCall } from "./calls.ts";

/** What people do after these calls were executed, so that they have their whole effect. */
export function hintsAfter(calls: readonly DecodedCall[], network: string): string[] {
  const hints = calls.map(({ args, contract, function: called }): string | null => {
    if (contract === "PriceFeeds" && called?.startsWith("createFeeds(") === true) {
      const feeds = args["feedIds_"] ?? args["feedIds"];
      const id = Array.isArray(feeds) ? String(feeds[0]) : "";
      return `Give the feed its proxy with: npx hardhat feeds create ${id} --network ${network}`;
    }
    if (contract === "Operators" && called?.startsWith("setActive(") === true) {
      return `Take the operators into a new set, once they are due, with: npx hardhat operators advance --network ${network}`;
    }
    return null;
  });
  return [...new Set(hints.filter((hint) => hint !== null))];
}
