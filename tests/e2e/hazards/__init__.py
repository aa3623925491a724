"""The hazards of the origin, each with the tests that would have caught it.

Goal: what went wrong, or could, in the scripts that this project comes from can't
come back unnoticed. Method: real agents on a folder store where the hazard is one of
processes, files and clocks; values where it is one of rules. Everywhere in this
package a fleet is also judged by its workload's own ticks (never two at once, epochs
rise) and by every version of the lease record (never two holders for one epoch).

The numbers are those of the list in the project's notes on reliability. `e2e` is this
package, `unit` is `tests/unit`; what isn't here already had a test elsewhere.

     hazard                              tests
  1  wall clocks of other machines      e2e test_clocks; test_foreign: zones; unit
                                        hazards/test_time: dates in the store;
                                        test_decide: never depends on the wall clock
  2  ages modulo a day                  unit hazards/test_time; test_home; e2e/test_kills:
                                        a session older than a day
  3  missing, torn, unmounted = dead    e2e test_files, test_lost_record, test_store_away,
                                        test_full_disk; unit hazards/test_files
  4  torn reads while somebody writes   contract/test_folder_races, test_folder_kills
  5  no conditional write, no epoch,    e2e test_twins, test_lost_record; every fleet's
     priority never read                chain; unit hazards/test_rules: one wins;
                                        test_decide: ranks
  6  signals that stay, and drills      e2e test_foreign: no signal file
  7  a primary that never fences itself e2e test_store_away, test_clocks: set back;
                                        e2e/test_freezes
  8  a time-out taken for consent       unit hazards/test_rules: never ready
  9  one lost save is death             unit hazards/test_rules: one renewal lost;
                                        test_timing; e2e test_timings
 10  data overwritten by a stale one    unit hazards/test_rules: a copy by one who lost
 11  files of one name, stale reads     unit hazards/test_files: sync programs,
                                        hazards/test_rules: older than is known
 12  methods that aren't there, state   any fleet here that starts, moves, takes over;
     never saved, a path that loops     e2e test_full_disk; unit test_decide: total
 13  a bad timestamp stalls failover    e2e test_files: stalls no takeover; unit
                                        hazards/test_files; e2e/test_guard_stops: starts
                                        again with growing waits
 14  a handover that runs again         unit test_decide, test_many_orders;
                                        e2e/test_moves: interrupted in any phase
 15  errors swallowed, placeholders     unit agent/test_workload_parts: only a web address; alarms
                                        in every test here; no coordinator in this version
 16  programs run from the folder       e2e test_foreign: nothing in the store is executed
 17  anybody may say anything           unit hazards/test_rules: nobody entitled, calls
                                        itself primary; test_signing
"""
