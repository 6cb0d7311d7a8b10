import { decodeBytes32String, formatEther, Interface, isError } from "ethers";
import type { Result } from "ethers";

import { revertData } from "../../deploy/reverts.ts";
import { formatTime } from "./format.ts";
import { formatTokens } from "./tokens.ts";

const MANAGED_ERRORS = new Interface([
  "error AccessManagedUnauthorized(address caller)",
  "error AccessManagedRequiredDelay(address caller, uint32 delay)",
  "error AccessManagerUnauthorizedAccount(address account, uint64 roleId)",
]);

type Words = (args: Result) => string;

const feedName = (id: unknown): string => {
  try {
    return decodeBytes32String(String(id));
  } catch {
    return String(id);
  }
};

const time = (unixSeconds: unknown): string => formatTime(Number(unixSeconds));
const tokens = (amount: unknown): string => formatTokens(BigInt(String(amount)));

const ether = (wei: unknown): string => formatEther(String(wei));

const PROPOSAL_STATES = [
  ...["unknown", "proposed", "approved", "ready", "activated"],
  ...["disputed", "superseded", "void", "expired"],
];
const proposalState = (state: unknown): string => PROPOSAL_STATES[Number(state)] ?? String(state);

const WORDS: Readonly<Record<string, Words>> = {
  AlreadyAnswered: ([day]) => `Day ${day} has its random word already.`,
  AlreadyApproved: ([proposal, approver]) =>
    `${approver} has approved proposal ${proposal} already.`,
  DayNotOver: ([, earliest]) =>
    `The raffle's first day is not over: ask from ${time(earliest)} on.`,
  DisputesExhausted: ([at]) => `The budget of disputes is used up until ${time(at)}.`,
  EpochTooEarly: ([, earliest]) => `The next epoch can be activated from ${time(earliest)} on.`,
  IncreaseTooBig: ([token, increase, limit]) =>
    `The total of ${token} rises by ${increase} of its smallest unit, and ${limit} are allowed in an epoch: governance sets it with setLimits.`,
  InvalidProof: ([root]) => `The leaf is not in the tree that pays, with root ${root}.`,
  InvalidSignature: ([account, digest]) => `The signature is not ${account}'s over ${digest}.`,
  LimitReached: ([account, , at]) =>
    BigInt(String(at)) === 0n
      ? `All that the active root approved is paid: ${account} is paid more with the next epoch.`
      : `A limit is reached: ${account} is paid no more before ${time(at)}.`,
  NotApprover: ([account]) => `${account} is no approver of payouts.`,
  NotFunded: ([token, total, deposited]) =>
    `The total of ${token} is ${total} of its smallest unit, and ${deposited} are deposited: deposit the rest first.`,
  NothingOwed: ([account]) => `${account} is owed nothing: all of its leaf is paid.`,
  NothingPushed: () => "None of these recipients could be paid.",
  ProposalExists: ([proposal, state]) =>
    `Proposal ${proposal} has this content and is ${proposalState(state)} already.`,
  SignatureExpired: ([, deadline]) => `The signature counted until ${time(deadline)}.`,
  StillPending: ([request, , deadline]) =>
    `Request ${request} can still be answered, until block ${deadline}: then ask again.`,
  TokensNotAscending: () => "The totals are not in ascending order of their tokens.",
  UnknownToken: ([token]) =>
    `The token ${token} is not listed: governance lists it with setLimits.`,
  WrongState: ([proposal, state]) => `Proposal ${proposal} is ${proposalState(state)}.`,
  AccessManagedUnauthorized: ([caller]) =>
    `${caller} has no permission: tripping and pausing are the guardian's, everything else governance's. ` +
    "Choose the account with --from; npx hardhat access show tells who can do what.",
  AccessManagedRequiredDelay: ([, delay]) =>
    `The call must be scheduled in the AccessManager ${delay} s before it is made.`,
  AccessManagerUnauthorizedAccount: ([account, role]) => `${account} lacks role ${role}.`,
  BondExhausted: ([keyHash, available, required]) =>
    `The bond of proving key ${keyHash} holds ${ether(available)}, below the ${ether(required)} that it must.`,
  GasLimitTooBig: ([given, limit]) =>
    `${given} gas for the callback are too much; the coordinator allows ${limit}.`,
  InsufficientBalance: ([balance, reserve]) =>
    `The subscription holds ${ether(balance)} and the request reserves ${ether(reserve)}: fund it, or ask for less callback gas.`,
  InvalidRequestConfirmations: ([given, min, max]) =>
    `${given} confirmations are not allowed; the coordinator takes ${min} to ${max}.`,
  NoSuchProvingKey: ([keyHash]) => `No proving key ${keyHash} takes requests.`,
  NumWordsTooBig: ([given, limit]) => `${given} words are too many; a request has ${limit}.`,
  ContractPaused: ([until]) => `The contract is paused until ${time(until)}.`,
  GovernorAlreadyCastVote: ([voter]) => `${voter} has voted already.`,
  GovernorInsufficientProposerVotes: ([proposer, votes, threshold]) =>
    `${proposer} has ${tokens(votes)} of votes and a proposer needs ${tokens(threshold)}.`,
  GovernorUnexpectedProposalState: () =>
    "The proposal is in another state than this needs, or the same proposal exists already: npx hardhat gov list",
  InsufficientStake: ([given, available]) =>
    `${tokens(given)} are more than the ${tokens(available)} that there are.`,
  JoinTooEarly: ([account, at]) =>
    `${account} gave up a seat or a request and may ask again from ${time(at)}.`,
  NoSeatLeft: ([limit]) => `All ${limit} seats by stake are taken or requested.`,
  NoHolder: () => "Nobody holds the guardian.",
  NotHolder: ([caller, holder]) => `${holder} holds the guardian, not ${caller}.`,
  NothingDue: ([at]) =>
    BigInt(String(at)) === 0n ? "No change waits." : `No change is due before ${time(at)}.`,
  NothingUnbonding: ([account]) => `Nothing of ${account} unbonds.`,
  NotPaused: () => "The contract is not paused.",
  NotSeated: ([account]) => `${account} has neither a seat nor a request for one.`,
  AlreadySeated: ([account]) => `${account} has a seat, or a request for one.`,
  PauseExhausted: ([at]) =>
    `The contract was paused twice within 30 days; the next pause is allowed from ${time(at)}.`,
  ProposalProtected: () =>
    "The proposal only replaces or removes the guardian, so the guardian cannot veto it.",
  StakeBound: ([account, remaining, minimum]) =>
    `${account} has a seat or asked for one, so ${tokens(minimum)} must stay; ${tokens(remaining)} would remain.`,
  StakeTooLow: ([stake, minimum]) =>
    `The stake is ${tokens(stake)}, below the minimum of ${tokens(minimum)}.`,
  StillUnbonding: ([at]) => `The tokens are free from ${time(at)} on.`,
  TermEnded: ([at]) =>
    `The guardian's term ended at ${time(at)}. Governance renews it: npx hardhat gov propose --renew-guardian`,
  TimelockUnexpectedOperationState: () => "The timelock's delay has not passed.",
  VetoesExhausted: ([at]) =>
    `Three vetoes fell within 30 days; the next is allowed from ${time(at)}.`,
  AlreadyRegistered: ([account]) => `${account} is registered already.`,
  AlreadySynced: ([version]) => `PriceFeeds has the active operators already (version ${version}).`,
  EndpointLength: ([given, limit]) =>
    `The endpoint has ${given} bytes; it must have 1 to ${limit}.`,
  FeedExists: ([id]) => `Feed ${feedName(id)} exists already.`,
  InvalidPossession: ([account]) =>
    `The keys' proof of possession does not hold for ${account} on this chain.`,
  KeyAlreadyRegistered: ([, account]) => `${account} registered these keys already.`,
  NoData: ([id]) => `Feed ${feedName(id)} has no answer yet.`,
  NotRegistered: ([account]) => `${account} is not registered.`,
  OperatorRepeated: ([account]) => `${account} stands twice in the list.`,
  ParamOutOfRange: ([name, given]) => `Parameter ${feedName(name)} cannot be ${given}.`,
  RoundNotKept: ([id, round]) => `Round ${round} of ${feedName(id)} is not kept.`,
  TooManyFeeds: ([given, limit]) => `${given} feeds are too many; a set holds ${limit}.`,
  TooManyOperators: ([given, limit]) => `${given} operators are too many; a set holds ${limit}.`,
  TripExhausted: ([id, next]) =>
    `Feed ${feedName(id)} was tripped twice within 30 days; the next trip is allowed from ${new Date(Number(next) * 1_000).toISOString()}.`,
  UnknownFeed: ([id]) => `There is no feed ${feedName(id)}.`,
};

/**
 * Says what went wrong in one sentence: a contract's custom error by its ABI, a node's refusal, a missing setting.
 *
 * @returns null when the failure is a defect that needs its stack trace.
 */
export async function wordsOf(error: unknown): Promise<string | null> {
  const data = revertData(error);
  if (data !== null) return await revertWords(data);
  if (!(error instanceof Error)) return null;
  if (isError(error, "INSUFFICIENT_FUNDS")) return "The account cannot pay for the transaction.";
  if (error.name === "HardhatError" || error.name === "HardhatPluginError") {
    return hardhatWords(error.message);
  }
  if (error.name === "ProviderError") return `The node refused: ${error.message}`;
  return null;
}

function hardhatWords(message: string): string {
  const variable = /Configuration Variable "(\w+)" not found/.exec(message)?.[1];
  return variable === undefined
    ? message.replace(/^HHE\d+: /, "")
    : `${variable} is not set. Set it in the environment, or with: npx hardhat keystore set ${variable}`;
}

async function revertWords(data: string): Promise<string> {
  // Generated by the build; where it is missing, the data itself must do.
  const contracts = await import("../../deploy/interfaces.ts").catch(() => null);
  const known = [MANAGED_ERRORS, ...(contracts?.contractInterfaces() ?? [])];
  for (const contract of known) {
    const parsed = contract.parseError(data);
    if (parsed === null) continue;
    const words = WORDS[parsed.name];
    return words === undefined
      ? plainWords(parsed.name, parsed.args.toObject())
      : words(parsed.args);
  }
  return `The contract refused with ${data}.`;
}

function plainWords(name: string, args: Record<string, unknown>): string {
  const sentence = name.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const details = Object.entries(args).map(([key, value]) => `${key} ${feedName(value)}`);
  return `The contract refused: ${sentence}${details.length === 0 ? "" : ` (${details.join(", ")})`}.`;
}
