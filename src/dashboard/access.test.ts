import { expect, it } from "vitest";
import { checkAccess, isLoopback } from "./access.ts";

const answered = (host: string, listens: string) => {
  try {
    checkAccess({ method: "GET", headers: { host } }, { host: listens, machine: "robot-7" });
    return true;
  } catch {
    return false;
  }
};

it("answers by every address and by its own name where others may reach it, and by no other name", () => {
  const hosts = ["10.0.0.7:80", "[fe80::1]:80", "robot-7:80", "Robot-7", "localhost", "robot-8", "evil.example"];
  expect(hosts.map((host) => answered(host, "0.0.0.0"))).toEqual([true, true, true, true, true, false, false]);
  expect(answered("lab.example:6007", "lab.example")).toBe(true);
});

it("knows what only this machine reaches", () => {
  const hosts = ["127.0.0.1", "127.3.2.1", "::1", "localhost", "127.evil.example", "0.0.0.0", "10.0.0.1"];
  expect(hosts.map(isLoopback)).toEqual([true, true, true, true, false, false, false]);
});
