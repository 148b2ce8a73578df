// lockstep-sim, the simulator's program; see program.hpp.
#include "program.hpp"

int main(int argc, char** argv) { return lockstep::sim::cli::program(argc, argv); }
