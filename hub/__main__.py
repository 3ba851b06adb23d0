"""The command line of the hub: `hub …` or `python -m hub …`. Each command is a module of `hub/cli`."""

import gc

from hub.cli.root import Root

gc.set_threshold(10_000, 20, 20)  # what is loaded stays: looking through it meanwhile was a tenth of a command's start

main = Root(
    {
        "init": "hub.cli.init:init",
        "check": "hub.cli.check:check",
        "serve": "hub.cli.serve:serve",
        "pull": "hub.cli.pull:pull",
        "connection": "hub.cli.connection:connection",
        "listen": "hub.cli.listen:listen",
        "quarantine": "hub.cli.quarantine:quarantine",
        "mapping": "hub.cli.mapping:mapping",
        "adapter": "hub.cli.adapter:adapter",
        "profiles": "hub.cli.profiles:profiles",
        "validate": "hub.cli.validate:validate",
        "consent": "hub.cli.consent:consent",
        "referral": "hub.cli.referral:referral",
        "statistics": "hub.cli.statistics:show_statistics",
        "report": "hub.cli.report:report",
        "override": "hub.cli.override:override",
        "client": "hub.cli.client:client",
        "person": "hub.cli.person:person",
        "directory": "hub.cli.directory:directory",
        "deliver": "hub.cli.deliver:deliver",
        "delivery": "hub.cli.delivery:delivery",
        "status": "hub.cli.status:status",
        "search": "hub.cli.search:search",
        "audit": "hub.cli.audit:audit",
        "keys": "hub.cli.keys:keys",
        "erase": "hub.cli.erase:erase",
    }
)

if __name__ == "__main__":
    main()
